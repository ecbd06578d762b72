-- A platform's own day has one value for each part of each object, and says whose midnight ends it.
-- Severity: error
select platform, object_type, object_id, native_name, canonical_name, breakdown, day
from facts.platform_days
group by all
having count(*) > 1 or bool_or(value is null or is_whole is null or day is null or coalesce(day_boundary, '') = '')
