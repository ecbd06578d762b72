-- No platform takes back, for good, more than a tenth of what it once told of a post; a fall of less than a hundred is none.
-- Severity: warning
--
-- Of a fall to zero another check tells.
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

-- The day of the fall is the last that began above nine tenths of its highest.
fallen as (
    select
        counter_id,
        any_value(peak) as peak,
        arg_max(total, day) as total,
        max(day) filter ((total - gain) * 10 > peak * 9) as fell_on,
        max(day) as last_day
    from days
    group by all
    having fell_on < max(day) and total > 0 and peak - total >= 100 and total * 10 < peak * 9
)

select
    campaign_id,
    platform,
    platform || ':' || object_id || ' ' || metric as subject,
    format(
        'stood at {:,} and stands at {:,} since (asset {}); the days keep the loss, marked was_revised_down',
        peak,
        total,
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
