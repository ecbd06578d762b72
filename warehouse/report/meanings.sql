-- What the numbers of this report count, in each platform's sense: the counters that spoke in this campaign.
-- Grain: platform, metric, counter
--
-- That a counter has days is enough: marts.post_daily would first add up what each of them brought.
with told as (
    select campaign_id, platform, post_id, metric, native_name
    from facts.campaign_counters
    semi join facts.gains using (counter_id)

    union all

    select campaign_id, platform, post_id, metric, native_name
    from facts.filled_days
),

spoke as (
    select platform, metric, native_name, count(distinct post_id) as posts
    from told
    where campaign_id = $campaign and metric in ('views', 'shares', 'retweets')
    group by all
)

select
    spoke.platform as platform,
    metric as number,
    definition as counts,
    any_value(spoke.posts) as "posts with it",
    spoke.native_name as counter,
    any_value(metrics.since) as since,
    any_value(metrics.until) as until,
    string_agg(distinct metrics.source, '; ' order by metrics.source) as source
from spoke
left join marts.metrics on metrics.platform = spoke.platform and metrics.native_name = spoke.native_name
    and metrics.canonical_name = spoke.metric
group by metric, spoke.platform, spoke.native_name, definition
order by spoke.platform, list_position(['views', 'shares', 'retweets'], metric), "posts with it" desc, spoke.native_name
