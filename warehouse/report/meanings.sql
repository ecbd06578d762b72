-- What the numbers of this report count, in each platform's sense: the counters that spoke in this campaign.
-- Grain: platform, metric, counter
with spoke as (
    select platform, metric, native_name, count(distinct post_id) as posts
    from marts.post_daily
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
