-- Every counter that was read has gains from its first day to its last, without a hole, and none before or after.
-- Severity: error
with lives as (
    select
        counter_id,
        (coalesce(zero_at, first_at) at time zone timezone)::date as first_day,
        (last_at at time zone timezone)::date as last_day
    from facts.counters
    semi join scope.counters using (counter_id)
),

days as (
    select
        counter_id,
        count(*) filter (day between counters.first_day and counters.last_day) as days,
        count(*) filter (day not between lives.first_day and lives.last_day) as days_outside
    from facts.gains
    join scope.counters using (counter_id)
    left join lives using (counter_id)
    where day >= getvariable('gains_from')
    group by counter_id
)

select counter_id, lives.first_day as first_day, lives.last_day as last_day, days, days_outside
from scope.counters
full join lives using (counter_id)
left join days using (counter_id)
where coalesce(days, 0) <> greatest(
        coalesce(least(counters.last_day, lives.last_day) - greatest(counters.first_day, lives.first_day) + 1, 0), 0
    )
    or days_outside > 0
