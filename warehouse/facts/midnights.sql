-- The instant at which each local day begins, for every day on which some counter is known.
-- Grain: timezone, day
--
-- Where clocks go back over midnight, 00:00 comes twice and the day begins with the first; where they go forward over
-- it, there is no 00:00 and the day begins with the change.
with known as (
    select
        timezone,
        min((coalesce(zero_at, first_at) at time zone timezone)::date) as first_day,
        max((last_at at time zone timezone)::date) as last_day
    from facts.counters
    group by timezone
),

days as (
    select timezone, unnest(generate_series(first_day, last_day + 1, interval 1 day))::date as day
    from known
),

candidates as (
    select
        timezone,
        day,
        timezone(timezone, day::timestamp) - unnest([interval 0 minute, interval 30 minute, interval 60 minute, interval 120 minute])
            as instant
    from days
),

midnights as (
    select timezone, day, min(instant) as midnight
    from candidates
    where (instant at time zone timezone)::date = day
    group by timezone, day
)

select
    -- Zone whose midnights end the days.
    timezone,
    -- Local day.
    day,
    -- Its first instant.
    midnight,
    -- The first instant of the next day.
    lead(midnight) over (partition by timezone order by day) as ends_at
from midnights
