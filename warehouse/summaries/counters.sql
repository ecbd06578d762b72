-- Every counter that has been read, once for each zone in which its days are counted, with its first and last reading.
-- Grain: counter_id
--
-- The number stands for the counter in every table of days. Numbers are given in the order in which counters are first read: they
-- mean nothing, and differ between two warehouses of the same lake.
create table if not exists summaries.counters (
    -- Number that stands for the counter.
    counter_id integer,
    -- Zone whose midnights end the days.
    timezone varchar,
    -- Platform.
    platform varchar,
    -- post, media, account or site.
    object_type varchar,
    -- Post, medium, account or site that the counter belongs to.
    object_id varchar,
    -- The platform's own name of the counter.
    metric varchar,
    -- First reading that is no glitch.
    first_at timestamptz,
    -- Its value.
    first_value bigint,
    -- Last reading that is no glitch.
    last_at timestamptz,
    -- Its value.
    last_value bigint,
    -- Whence the readings of its last day came: bit 0 for the platform's API, bit 1 for an export made by hand.
    last_sources tinyint,
    -- Last local day with a reading.
    last_day date,
    -- The fifth-last local day with a reading, or the first: what lies before it is settled unless something comes late.
    settled_before date
);

-- What tells counters, and those that it tells together. summaries.counter_days reads it too.
create or replace temp table tellers as
select distinct platform, object_type, object_id, list_transform(counters, lambda counter: counter.metric) as metrics
from readings.fresh
where counters <> [];

insert into summaries.counters by name
with seen as (
    select distinct timezone, platform, object_type, object_id, metric
    from (select platform, object_type, object_id, unnest(metrics) as metric from tellers)
    cross join (select distinct timezone from registry.campaigns)
)

select
    (
        coalesce((select max(counter_id) from summaries.counters), 0)
        + row_number() over (order by timezone, platform, object_type, object_id, metric)
    )::integer as counter_id,
    *
from seen
anti join summaries.counters using (timezone, platform, object_type, object_id, metric);
