-- Each counter's local day in one row: its first and last reading, lowest, highest, how many.
-- Grain: counter_id, day
--
-- A glitch is a dip that the next reading undoes: at most a tenth of the reading before, and the reading after is back at nine
-- tenths of it or more. It is set aside and counted. A lasting fall is a revision and is kept.
-- Several answers at one instant are one reading: the highest, because a platform's stale caches answer low.
--
-- New readings are merged into the day they fall on, by least and greatest alone. Where that does not do, the day is made again
-- from all its readings in the lake: where a reading falls among those that the day has (it may be one of them, told again), and
-- where a fall to a tenth makes a glitch possible, of which the neighbouring days' readings decide. So merging is commutative and
-- idempotent, and costs what is new.
create table if not exists summaries.counter_days (
    -- Counter, of summaries.counters.
    counter_id integer,
    -- Local day.
    day date,
    -- First reading of the day that is no glitch; null when all were glitches.
    first_at timestamptz,
    -- Its value.
    first_value bigint,
    -- Last reading of the day that is no glitch.
    last_at timestamptz,
    -- Its value.
    last_value bigint,
    -- Lowest value that is no glitch.
    lowest bigint,
    -- Highest value that is no glitch.
    highest bigint,
    -- Readings taken, glitches included.
    polls integer,
    -- Readings set aside.
    glitches integer,
    -- Hours of the day in which a reading was taken: bit n for the n-th hour after the local midnight, from 0.
    hours integer,
    -- Whence the readings came: bit 0 for the platform's API, bit 1 for an export made by hand.
    sources tinyint
);

-- Numbers for names: what groups by them takes a part of the memory and time.
create or replace temp table objects as
select
    row_number() over ()::integer as object_number,
    platform,
    object_type,
    object_id,
    -- One answer may tell a counter twice.
    bool_or(list_unique(metrics) < len(metrics)) as repeats_itself
from tellers
group by all;

create or replace temp table zones as
select row_number() over ()::integer as zone_number, timezone from (select distinct timezone from registry.campaigns);

create or replace temp table numbers as
select object_number, metric, zone_number, counter_id
from objects
join summaries.counters using (platform, object_type, object_id)
join zones using (timezone);

create or replace temp table told_twice as
select object_number, observed_at
from readings.fresh
join objects using (platform, object_type, object_id)
where counters <> []
group by all
having count(*) > 1 or bool_or(repeats_itself);

-- The new readings of each counter's local day.
create or replace temp table fresh_days as
with sightings as (
    select object_number, observed_at, counters, case source when 'export' then 2 else 1 end::tinyint as source_bit
    from readings.fresh
    join objects using (platform, object_type, object_id)
    anti join told_twice using (object_number, observed_at)
    where counters <> []
),

once as (
    select object_number, observed_at, source_bit, unnest(counters, recursive := true) from sightings

    union all

    select object_number, observed_at, bit_or(source_bit), metric, max(value)
    from (
        select
            object_number,
            observed_at,
            case source when 'export' then 2 else 1 end::tinyint as source_bit,
            unnest(counters, recursive := true)
        from readings.fresh
        join objects using (platform, object_type, object_id)
        semi join told_twice using (object_number, observed_at)
    )
    group by object_number, observed_at, metric
),

moments as (
    select zone_number, observed_at, (observed_at at time zone timezone)::date as day, hour_bit(observed_at, timezone) as hour_bit
    from (select distinct observed_at from readings.fresh where counters <> [])
    cross join zones
),

days as (
    select
        object_number,
        metric,
        zone_number,
        day,
        min(observed_at) as first_at,
        arg_min(value, observed_at) as first_value,
        max(observed_at) as last_at,
        arg_max(value, observed_at) as last_value,
        min(value) as lowest,
        max(value) as highest,
        count(*)::integer as polls,
        bit_or(hour_bit) as hours,
        bit_or(source_bit) as sources
    from once
    join moments using (observed_at)
    group by all
)

select counter_id, days.* exclude (object_number, metric, zone_number)
from days
join numbers using (object_number, metric, zone_number);

create or replace temp table touched as
select
    counter_id,
    -- What comes late may reach back to any day.
    case when min(day) >= any_value(last_day) then any_value(settled_before) else '-infinity'::date end as known_from
from fresh_days
join summaries.counters using (counter_id)
group by counter_id;

-- Constants, so that scans leave out what lies before. A counter that is new has no days to look for.
set variable known_from = (
    select coalesce(min(known_from), 'infinity'::date)
    from touched
    semi join (from summaries.counters where last_day is not null) as known using (counter_id)
);

-- The touched counters' days: those before, and the new ones merged into them.
create or replace temp table merged_days as
with known as (
    select counter_days.*
    from summaries.counter_days
    join touched using (counter_id)
    where day >= getvariable('known_from') and day >= known_from
)

select
    counter_id,
    day,
    least(known.first_at, fresh.first_at) as first_at,
    case when fresh.first_at < known.first_at or known.first_at is null then fresh.first_value else known.first_value end as first_value,
    greatest(known.last_at, fresh.last_at) as last_at,
    case when fresh.last_at > known.last_at or known.last_at is null then fresh.last_value else known.last_value end as last_value,
    least(known.lowest, fresh.lowest) as lowest,
    greatest(known.highest, fresh.highest) as highest,
    (coalesce(known.polls, 0) + coalesce(fresh.polls, 0))::integer as polls,
    coalesce(known.glitches, 0) as glitches,
    coalesce(known.hours, 0) | coalesce(fresh.hours, 0) as hours,
    (coalesce(known.sources, 0) | coalesce(fresh.sources, 0))::tinyint as sources,
    fresh.polls is not null as is_changed,
    -- A reading that lies among those of the day may be one of them.
    fresh.polls is not null
        and known.polls is not null
        and not (known.glitches = 0 and (fresh.first_at > known.last_at or fresh.last_at < known.first_at)) as is_doubtful
from fresh_days as fresh
full join known using (counter_id, day);

-- The days to make again from their readings, and the observed days on either side.
create or replace temp table remade_days as
with judged as (
    select
        counter_id,
        day,
        lag(day) over observed as day_before,
        lead(day) over observed as day_after,
        is_doubtful,
        is_changed or coalesce(lag(is_changed) over observed, false) or coalesce(lead(is_changed) over observed, false) as is_near,
        glitches > 0
            or (
                lowest::hugeint * 10 <= greatest(highest, lag(highest) over observed, lag(highest, 2) over observed)
                and greatest(highest, lag(highest) over observed, lag(highest, 2) over observed) > 0
            ) as may_glitch
    from merged_days
    window observed as (partition by counter_id order by day)
)

select counter_id, day, day_before, day_after
from judged
where is_doubtful or (may_glitch and is_near);

set variable remade_from = (select min(coalesce(day_before, day))::timestamp at time zone 'UTC' - interval 2 day from remade_days);
set variable remade_to = (select max(coalesce(day_after, day))::timestamp at time zone 'UTC' + interval 3 day from remade_days);

-- The changed days as they are to be.
create or replace temp table changed_days as
with needed as (
    select distinct counter_id, unnest([day_before, day, day_after]) as day from remade_days
),

-- The same in the lake's words.
wanted as (
    select distinct timezone, platform, object_type, object_id, metric, counter_id
    from needed
    join summaries.counters using (counter_id)
),

sightings as (
    select platform, object_type, object_id, observed_at, case source when 'export' then 2 else 1 end::tinyint as source_bit, counters
    from readings.sightings
    semi join wanted using (platform, object_type, object_id)
    where observed_at between getvariable('remade_from') and getvariable('remade_to')
),

readings as (
    select
        counter_id,
        (observed_at at time zone timezone)::date as day,
        timezone,
        observed_at,
        max(value) as value,
        bit_or(source_bit) as source_bit
    from (select * exclude (counters), unnest(counters, recursive := true) from sightings)
    join wanted using (platform, object_type, object_id, metric)
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
    semi join needed using (counter_id, day)
    window counter as (partition by counter_id order by observed_at)
),

remade as (
    select
        counter_id,
        day,
        min(observed_at) filter (not is_glitch) as first_at,
        arg_min(value, observed_at) filter (not is_glitch) as first_value,
        max(observed_at) filter (not is_glitch) as last_at,
        arg_max(value, observed_at) filter (not is_glitch) as last_value,
        min(value) filter (not is_glitch) as lowest,
        max(value) filter (not is_glitch) as highest,
        count(*)::integer as polls,
        (count(*) filter (is_glitch))::integer as glitches,
        bit_or(hour_bit(observed_at, timezone)) as hours,
        bit_or(source_bit) as sources
    from judged
    semi join remade_days using (counter_id, day)
    group by counter_id, day
)

from remade
union all by name
select * exclude (is_changed, is_doubtful)
from merged_days
anti join remade_days using (counter_id, day)
where is_changed;

delete from summaries.counter_days using changed_days
where counter_days.counter_id = changed_days.counter_id and counter_days.day = changed_days.day;

insert into summaries.counter_days by name
from changed_days
order by day, counter_id;

-- The touched counters' days as they are now, as far back as they may have changed.
create or replace temp table touched_days as
select counter_id, day, first_at, first_value, last_at, last_value, sources from changed_days
union all
select counter_id, day, first_at, first_value, last_at, last_value, sources
from merged_days
anti join changed_days using (counter_id, day);

-- The first reading of all is never a glitch; the last one may have become one.
update summaries.counters
set first_value = case when counters.first_at < now.first_at then counters.first_value else now.first_value end,
    first_at = least(counters.first_at, now.first_at),
    last_at = now.last_at,
    last_value = now.last_value,
    last_sources = now.last_sources,
    last_day = now.days[1],
    settled_before = now.days[-1]
from (
    select
        counter_id,
        min(first_at) as first_at,
        arg_min(first_value, first_at) as first_value,
        max(last_at) as last_at,
        arg_max(last_value, last_at) as last_value,
        arg_max(sources, last_at) as last_sources,
        max(day, 5) as days
    from touched_days
    group by counter_id
) as now
where counters.counter_id = now.counter_id;
