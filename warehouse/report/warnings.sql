-- What the last build found that somebody should look at, the weightiest of each check first.
-- Grain: check_name, position
select
    replace(check_name, '_', ' ') as "should hold",
    subject,
    detail as found,
    first_day as "from",
    last_day as "to",
    found as "found in all"
from marts.warnings
where campaign_id = $campaign and position <= 10
order by check_name, position
