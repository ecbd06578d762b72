-- Every midnight is on its day, and the instant before it is not.
-- Severity: error
select timezone, day, midnight
from facts.midnights
where (midnight at time zone timezone)::date <> day
    or ((midnight - interval 1 microsecond) at time zone timezone)::date >= day
