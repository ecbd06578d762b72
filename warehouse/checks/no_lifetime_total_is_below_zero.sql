-- A lifetime total is a count: gains may be below zero, totals never are.
-- Severity: error
select counter_id, day, total
from facts.gains
semi join scope.counters using (counter_id)
where total < 0 or total is null or gain is null
union all
select counter_id, null, least(first_value, last_value)
from facts.counters
where first_value < 0 or last_value < 0
