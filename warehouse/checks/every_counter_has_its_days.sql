-- Every counter that was read has gains, without a hole between its first day and its last.
select timezone, platform, object_type, object_id, metric, count(day) as days
from facts.counters
left join facts.gains using (timezone, platform, object_type, object_id, metric)
group by all
having count(day) <> coalesce(max(day) - min(day) + 1, -1)
