-- Each counter's local day in one row: its first and last reading, lowest, highest, how many.
-- Grain: timezone, platform, object_type, object_id, metric, day
--
-- Gains follow from neighbouring days of this table alone. New readings change only the days they fall on and the observed
-- days on either side (a reading at a day's edge decides whether its neighbour was a glitch), so just those days are made
-- again, from all their readings: merging is commutative and idempotent because nothing is added up.
--
-- A glitch is a dip that the next reading undoes: at most a tenth of the reading before, and the reading after is back at nine
-- tenths of it or more. It is set aside and counted. A lasting fall is a revision and is kept.
-- Several answers at one instant are one reading: the highest, because a platform's stale caches answer low.
create table if not exists summaries.counter_days (
    -- Zone whose midnights end the days.
    timezone varchar,
    platform varchar,
    -- post, media, account or site.
    object_type varchar,
    -- Post, medium, account or site that the counter belongs to.
    object_id varchar,
    -- The platform's own name of the counter.
    metric varchar,
    -- Local day.
    day date,
    -- First reading of the day that is no glitch; null when all were glitches.
    first_at timestamptz,
    first_value bigint,
    -- Last reading of the day that is no glitch.
    last_at timestamptz,
    last_value bigint,
    -- Lowest and highest value that is no glitch.
    lowest bigint,
    highest bigint,
    -- Readings taken, glitches included.
    polls bigint,
    -- Readings set aside.
    glitches bigint
);

-- For each counter that has new readings: the days to make again, and the days whose readings that takes. Two observed
-- days on either side are looked at: the nearer is made again, the farther lends its edge readings.
create or replace temp table windows as
with fresh_readings as (
    select platform, object_type, object_id, observed_at, unnest(counters, recursive := true)
    from readings.fresh
),

zones as (
    select distinct timezone from registry.campaigns
),

touched as (
    select
        timezone,
        platform,
        object_type,
        object_id,
        metric,
        min((observed_at at time zone timezone)::date) as first_day,
        max((observed_at at time zone timezone)::date) as last_day
    from fresh_readings, zones
    where value >= 0
    group by all
),

spans as (
    select
        touched.*,
        max(before.day, 2) filter (before.day < first_day) as earlier,
        min(before.day, 2) filter (before.day > last_day) as later
    from touched
    left join summaries.counter_days as before using (timezone, platform, object_type, object_id, metric)
    group by all
)

select
    timezone,
    platform,
    object_type,
    object_id,
    metric,
    coalesce(earlier[1], first_day) as made_from,
    coalesce(later[1], last_day) as made_to,
    coalesce(earlier[-1], first_day) as read_from,
    coalesce(later[-1], last_day) as read_to
from spans;

-- Constants, so that the scan leaves out files and row groups of other times. No zone is two days from UTC.
set variable readings_from = (select min(read_from)::timestamp at time zone 'UTC' - interval 2 day from windows);
set variable readings_to = (select max(read_to)::timestamp at time zone 'UTC' + interval 3 day from windows);

merge into summaries.counter_days
using (
    with kept_readings as (
        select platform, object_type, object_id, observed_at, unnest(counters, recursive := true)
        from readings.sightings
        where observed_at between getvariable('readings_from') and getvariable('readings_to')
    ),

    readings as (
        select
            windows.timezone,
            platform,
            object_type,
            object_id,
            metric,
            (observed_at at time zone windows.timezone)::date as day,
            observed_at,
            max(value) as value,
            any_value(made_from) as made_from,
            any_value(made_to) as made_to
        from kept_readings
        join windows using (platform, object_type, object_id, metric)
        where value >= 0
            and (observed_at at time zone windows.timezone)::date between read_from and read_to
        group by all
    ),

    judged as (
        select
            *,
            coalesce(
                value::hugeint * 10 <= lag(value) over counter
                and lag(value) over counter > 0
                and lead(value) over counter::hugeint * 10 >= lag(value) over counter::hugeint * 9,
                false
            ) as is_glitch
        from readings
        window counter as (partition by timezone, platform, object_type, object_id, metric order by observed_at)
    )

    select
        timezone,
        platform,
        object_type,
        object_id,
        metric,
        day,
        min(observed_at) filter (not is_glitch) as first_at,
        arg_min(value, observed_at) filter (not is_glitch) as first_value,
        max(observed_at) filter (not is_glitch) as last_at,
        arg_max(value, observed_at) filter (not is_glitch) as last_value,
        min(value) filter (not is_glitch) as lowest,
        max(value) filter (not is_glitch) as highest,
        count(*) as polls,
        count(*) filter (is_glitch) as glitches
    from judged
    where day between made_from and made_to
    group by all
) as made
using (timezone, platform, object_type, object_id, metric, day)
when matched then update
when not matched then insert;

drop table windows;
