-- The instant at which each local day begins, for every day on which some counter is known.
-- Grain: timezone, day
--
-- Where clocks go back over midnight, 00:00 comes twice and the day begins with the first; where they go forward over
-- it, there is no 00:00 and the day begins with the change.
with known as (
    select timezone, min(day) as first_day, max(day) as last_day
    from (
        select timezone, day from summaries.counter_days
        union all
        select timezone, (zero_at at time zone timezone)::date from facts.counters where zero_at is not null
    )
    group by all
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
)

select
    -- Zone whose midnights end the days.
    timezone,
    -- Local day.
    day,
    -- Its first instant.
    min(instant) as midnight
from candidates
where (instant at time zone timezone)::date = day
group by timezone, day
