-- Of a platform's readings of the last seven days at most one in twenty is a dip that was set aside.
-- Severity: warning
with counted as (
    select distinct campaign_id, platform, native_name, counter_id
    from facts.campaign_counters
),

newest as (
    select timezone, (max(last_at) at time zone timezone)::date as running_day
    from facts.counters
    group by timezone
),

week as (
    select counter_id, day, polls, glitches
    from summaries.counter_days
    join facts.counters using (counter_id)
    join newest using (timezone)
    where day > running_day - 7
)

select
    campaign_id,
    platform,
    platform || ' ' || native_name as subject,
    format(
        'had {:,} dips among {:,} readings, each undone by the next; they are set aside, '
            || 'and so many mean that the platform answers from stale caches',
        sum(glitches)::bigint,
        sum(polls)::bigint
    ) as detail,
    min(day) as first_day,
    max(day) as last_day,
    sum(glitches)::bigint as weight
from counted
join week using (counter_id)
group by campaign_id, platform, native_name
having sum(glitches) >= 10 and sum(glitches) * 20 > sum(polls)
