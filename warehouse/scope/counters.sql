-- Which days of which counters a build makes again: those whose readings changed, and the observed days on either side.
-- Grain: counter_id
--
-- A gain hangs on the readings around the two midnights of its day. Where the instant of creation became known, or another, the
-- whole counter is made again.
create or replace table scope.counters as
with changed as (
    select counter_id, min(day) as first_changed, max(day) as last_changed
    from changed_days
    group by counter_id
),

neighbouring as (
    select
        counter_id,
        max(day, 2) filter (day < first_changed) as earlier,
        min(day) filter (day > last_changed) as later
    from changed
    join touched_days using (counter_id)
    where first_at is not null
    group by counter_id
)

select
    counter_id,
    -- Day from which readings are looked at.
    min(read_from) as read_from,
    -- First day to make again.
    min(first_day) as first_day,
    -- Last day to make again.
    max(last_day) as last_day
from (
    select
        counter_id,
        coalesce(earlier[2], '-infinity'::date) as read_from,
        coalesce(earlier[1], '-infinity'::date) as first_day,
        coalesce(later, 'infinity'::date) as last_day
    from changed
    left join neighbouring using (counter_id)

    union all

    select counters.counter_id, '-infinity'::date, '-infinity'::date, 'infinity'::date
    from facts.counters
    left join before.counters as earlier using (counter_id)
    where earlier.counter_id is null or counters.zero_at is distinct from earlier.zero_at
)
group by counter_id;

set variable gains_read_from = (select coalesce(min(read_from), 'infinity'::date) from scope.counters);
set variable gains_from = (select coalesce(min(first_day), 'infinity'::date) from scope.counters);
