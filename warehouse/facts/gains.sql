-- What each counter moved on each local day, from the first day it is known to the last.
-- Grain: timezone, platform, object_type, object_id, metric, day
--
-- A counter's value at a local midnight is the reading there, or lies on the line between the last reading before and the first
-- one after, rounded to a whole number first and differenced then, so that the days add up to last − first exactly.
-- Nothing is extrapolated.
with days as (
    select timezone, platform, object_type, object_id, metric, day, first_at, first_value, last_at, last_value
    from summaries.counter_days
    where first_at is not null
    union all
    -- The instant of creation is a reading of zero.
    select timezone, platform, object_type, object_id, metric, (zero_at at time zone timezone)::date, zero_at, 0, zero_at, 0
    from facts.counters
    where zero_at is not null
),

-- The zero may fall on a day that has readings of its own.
observed_days as (
    select
        timezone,
        platform,
        object_type,
        object_id,
        metric,
        day,
        min(first_at) as first_at,
        arg_min(first_value, first_at) as first_value,
        max(last_at) as last_at,
        arg_max(last_value, last_at) as last_value
    from days
    group by all
),

neighbours as (
    select
        *,
        row_number() over counter = 1 as is_first,
        lead(day) over counter as next_day,
        lead(first_at) over counter as next_at,
        lead(first_value) over counter as next_value
    from observed_days
    window counter as (partition by timezone, platform, object_type, object_id, metric order by day)
),

crossings as (
    select
        timezone,
        platform,
        object_type,
        object_id,
        metric,
        unnest(generate_series(day + 1, next_day, interval 1 day))::date as day,
        last_at,
        last_value,
        next_at,
        next_value
    from neighbours
    where next_day is not null
),

midnights as (
    select
        timezone,
        platform,
        object_type,
        object_id,
        metric,
        day,
        epoch_us(midnight) as midnight,
        epoch_us(last_at) as before_at,
        epoch_us(next_at) as after_at,
        last_value,
        next_value
    from crossings
    join facts.midnights using (timezone, day)
),

-- The counter's value at the start of each day, and how it is known.
starts as (
    select
        timezone,
        platform,
        object_type,
        object_id,
        metric,
        day,
        (
            (
                2 * (last_value::hugeint * (after_at - midnight) + next_value::hugeint * (midnight - before_at))
                + (after_at - before_at)
            ) // (2 * (after_at - before_at)::hugeint)
        )::bigint as value,
        -- A reading within three hours of midnight, on either side, pins the value there.
        case
            when least(midnight - before_at, after_at - midnight) <= 3 * 3600 * 1000000::bigint then 'close'
            else 'far'
        end as known
    from midnights

    union all

    select
        timezone,
        platform,
        object_type,
        object_id,
        metric,
        neighbours.day,
        neighbours.first_value,
        case when counters.zero_at is not null then 'close' else 'far' end
    from neighbours
    join facts.counters using (timezone, platform, object_type, object_id, metric)
    where is_first

    union all

    select timezone, platform, object_type, object_id, metric, day + 1, last_value, 'running'
    from neighbours
    where next_day is null
),

moves as (
    select
        *,
        lead(value) over counter as total,
        lead(known) over counter as known_after
    from starts
    window counter as (partition by timezone, platform, object_type, object_id, metric order by day)
)

select
    -- Zone whose midnights end the day.
    timezone,
    -- Platform of the counter.
    platform,
    -- post, media, account or site.
    object_type,
    -- Post, medium, account or site that it belongs to.
    object_id,
    -- The platform's own name of the counter.
    metric,
    -- Local day.
    day,
    -- What the counter moved in the day; below zero when the platform took some back.
    total - value as gain,
    -- Lifetime total at the end of the day, or at the last reading of a running day.
    total,
    -- complete: both midnights are pinned by a reading nearby; estimated: one is not; open: the day's end has not been seen.
    case
        when known_after = 'running' then 'open'
        when known = 'close' and known_after = 'close' then 'complete'
        else 'estimated'
    end as completeness
from moves
where total is not null
