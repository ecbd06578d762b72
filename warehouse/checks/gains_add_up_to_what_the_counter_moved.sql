-- Conservation: the days of a counter add up to its last value less its first, which is 0 at creation.
select timezone, platform, object_type, object_id, metric, sum(gain) as gained, any_value(last_value) as last_value
from facts.gains
join facts.counters using (timezone, platform, object_type, object_id, metric)
group by all
having sum(gain) <> any_value(last_value) - any_value(case when zero_at is null then first_value else 0 end)
