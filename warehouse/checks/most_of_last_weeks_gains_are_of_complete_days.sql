-- At most half of what a platform's posts gained in the last seven finished days is of days whose midnights are estimated.
-- Severity: warning
with counted as (
    select distinct campaign_id, platform, metric as counted_as, counter_id
    from facts.campaign_counters
    where metric in ('views', 'shares', 'retweets')
),

newest as (
    select timezone, (max(last_at) at time zone timezone)::date as running_day
    from facts.counters
    group by timezone
),

week as (
    select counter_id, day, gain, completeness
    from facts.gains
    join facts.counters using (counter_id)
    join newest using (timezone)
    where day between running_day - 7 and running_day - 1
)

select
    campaign_id,
    platform,
    platform || ' ' || counted_as as subject,
    format(
        'rest for {:.0f} % of what was gained from {} to {} on estimated days: right in sum, split by a straight line; '
            || 'collect within three hours of midnight',
        100 * sum(abs(gain)) filter (completeness = 'estimated') / sum(abs(gain)),
        min(day),
        max(day)
    ) as detail,
    min(day) as first_day,
    max(day) as last_day,
    (sum(abs(gain)) filter (completeness = 'estimated'))::bigint as weight
from counted
join week using (counter_id)
where completeness <> 'open'
group by campaign_id, platform, counted_as
having sum(abs(gain)) >= 100 and (sum(abs(gain)) filter (completeness = 'estimated')) * 2 > sum(abs(gain))
