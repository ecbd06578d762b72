-- Conservation: a counter's day begins where the day before ended, the first at its first value or at 0, the last ends at its last.
-- Severity: error
--
-- So the gains of its days add up to its last value less its first. Where days end and where the days after them begin are
-- compared as sums of hashes, which takes one pass and no sorting; a hole between days is another check's.
with lives as (
    select
        counters.*,
        case when zero_at is null then first_value else 0 end as born_with,
        (coalesce(zero_at, first_at) at time zone timezone)::date as born_on,
        (last_at at time zone timezone)::date as last_seen_on
    from facts.counters
    semi join scope.counters using (counter_id)
),

-- The days made anew, with the day before them and the day after.
days as (
    select
        counter_id,
        born_with,
        last_value,
        day,
        total - gain as begins_at,
        total as ends_at,
        day = born_on as is_first,
        day = last_seen_on as is_last,
        day >= first_day as is_after,
        day <= last_day as is_before
    from facts.gains
    join scope.counters using (counter_id)
    join lives using (counter_id)
    where day between first_day - 1 and last_day + 1
),

broken as (
    select
        counter_id,
        min(day) as first_day,
        max(day) as last_day
    from days
    group by counter_id
    having sum(hash(day, ends_at)) filter (is_before and not is_last)
            is distinct from sum(hash(day - 1, begins_at)) filter (is_after and not is_first)
        or bool_or(is_first and begins_at is distinct from born_with)
        or bool_or(is_last and ends_at is distinct from last_value)
)

select timezone, platform, object_type, object_id, metric, broken.first_day as first_day, broken.last_day as last_day
from broken
join facts.counters using (counter_id)
