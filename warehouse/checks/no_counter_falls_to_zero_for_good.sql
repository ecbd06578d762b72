-- No counter of a post that was well above zero goes to zero and stays there.
-- Severity: warning
with falling as (
    select distinct counter_id from facts.gains where gain < 0
),

days as (
    select
        *,
        max(greatest(total, total - gain)) over (partition by counter_id) as peak
    from facts.gains
    semi join falling using (counter_id)
),

-- The day of the fall is the last that began above zero.
fallen as (
    select
        counter_id,
        any_value(peak) as peak,
        arg_max(total, day) as total,
        max(day) filter (total > gain) as fell_on,
        max(day) as last_day
    from days
    group by all
    having fell_on < max(day) and total = 0 and peak >= 10
)

select
    campaign_id,
    platform,
    platform || ':' || object_id || ' ' || metric as subject,
    format(
        'stood at {:,} and is told as 0 since (asset {}); open the post to see whether the platform still counts it',
        peak,
        min(asset_id)
    ) as detail,
    fell_on as first_day,
    last_day,
    peak - total as weight
from fallen
join facts.counters using (counter_id)
join (
    select distinct campaign_id, asset_id, counter_id
    from facts.campaign_counters
    join facts.assignments using (campaign_id, platform, post_id)
    where metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
) as counted using (counter_id)
group by campaign_id, platform, object_type, object_id, metric, peak, total, fell_on, last_day
