-- What each counter moved on each local day, from the first day it is known to the last.
-- Grain: counter_id, day
-- Kept: counters
--
-- A counter's value at a local midnight is the reading there, or lies on the line between the last reading before and the first
-- one after, rounded to a whole number first and differenced then, so that the days add up to last − first exactly.
-- Nothing is extrapolated.
with days as (
    select counter_id, day, first_at, first_value, last_at, last_value, lowest, highest, sources
    from summaries.counter_days
    join scope.counters using (counter_id)
    where first_at is not null and day >= getvariable('gains_read_from') and day >= read_from

    union all

    -- The instant of creation is a reading of zero.
    select counter_id, (zero_at at time zone timezone)::date, zero_at, 0, zero_at, 0, 0, 0, 0
    from facts.counters
    join scope.counters using (counter_id)
    where zero_at is not null and (zero_at at time zone timezone)::date >= read_from
),

-- The zero may fall on a day that has readings of its own.
observed_days as (
    select
        counter_id,
        day,
        min(first_at) as first_at,
        arg_min(first_value, first_at) as first_value,
        max(last_at) as last_at,
        arg_max(last_value, last_at) as last_value,
        bit_or(sources) as sources,
        -- What the readings of the day show to have been taken back between them.
        max(greatest(first_value - lowest, highest - last_value)) as fallen
    from days
    group by counter_id, day
),

neighbours as (
    select
        counter_id,
        timezone,
        zero_at is not null as is_from_zero,
        day,
        epoch_us(first_at) as first_at,
        first_value,
        epoch_us(last_at) as last_at,
        last_value,
        sources,
        fallen,
        lag(day) over counter as before_day,
        epoch_us(lag(last_at) over counter) as before_at,
        lag(last_value) over counter as before_value,
        coalesce(lag(sources) over counter, 0) as before_sources,
        lead(day) over counter as after_day,
        epoch_us(lead(first_at) over counter) as after_at,
        lead(first_value) over counter as after_value,
        coalesce(lead(sources) over counter, 0) as after_sources
    from observed_days
    join (select counter_id, timezone, zero_at from facts.counters) as zoned using (counter_id)
    window counter as (partition by counter_id order by day)
),

midnights as (
    select timezone, day, epoch_us(midnight) as starts, epoch_us(ends_at) as ends from facts.midnights
),

-- The counter's value at either end of each day, and how far from the nearer reading that is.
ends as (
    select
        counter_id,
        day,
        case when before_day is null then first_value else value_at(starts, before_at, before_value, first_at, first_value) end as opening,
        case when before_day is not null then least(starts - before_at, first_at - starts) when is_from_zero then 0 end as opening_far,
        case when after_day is null then last_value else value_at(ends, last_at, last_value, after_at, after_value) end as closing,
        case when after_day is not null then least(ends - last_at, after_at - ends) end as closing_far,
        after_day is null as is_running,
        -- What was taken back between two readings shows on the day in which the later one ends the time between them.
        fallen
            + case when first_at > starts then greatest(coalesce(before_value - first_value, 0), 0) else 0 end
            + case when after_at = ends then greatest(last_value - after_value, 0) else 0 end as taken_back,
        sources | before_sources | after_sources as sources
    from neighbours
    join midnights using (timezone, day)

    union all

    -- Days between two observed ones.
    select
        counter_id,
        missed_day,
        value_at(starts, last_at, last_value, after_at, after_value),
        least(starts - last_at, after_at - starts),
        value_at(ends, last_at, last_value, after_at, after_value),
        least(ends - last_at, after_at - ends),
        false,
        case when after_at = ends then greatest(last_value - after_value, 0) else 0 end,
        sources | after_sources
    from (
        select *, unnest(generate_series(day + 1, after_day - 1, interval 1 day))::date as missed_day
        from neighbours
        where after_day > day + 1
    ) as gaps
    join midnights on midnights.timezone = gaps.timezone and midnights.day = gaps.missed_day
),

dips as (
    select counter_id, day, glitches
    from summaries.counter_days
    where glitches > 0 and day >= getvariable('gains_read_from')
)

select
    -- Counter, of facts.counters.
    counter_id,
    -- Local day, in the counter's zone.
    day,
    -- What the counter moved in the day; below zero when the platform took some back.
    closing - opening as gain,
    -- Lifetime total at the end of the day, or at the last reading of a running day.
    closing as total,
    -- complete: both midnights are pinned by a reading within three hours; estimated: one is not; open: the day's end has not
    -- been seen.
    case
        when is_running then 'open'
        when opening_far <= 10800000000 and closing_far <= 10800000000 then 'complete'
        else 'estimated'
    end as completeness,
    -- How much the platform is seen to have taken back, whatever the day gained otherwise; 0 for nothing.
    taken_back,
    -- Readings of the day that were set aside as glitches.
    coalesce(glitches, 0) as glitches,
    -- Whence the readings around its midnights came: bit 0 for the platform's API, bit 1 for an export made by hand.
    sources::tinyint as sources
from ends
join scope.counters using (counter_id)
left join dips using (counter_id, day)
where day between scope.counters.first_day and scope.counters.last_day
