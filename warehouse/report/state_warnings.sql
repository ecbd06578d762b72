-- What the last build found that somebody should look at, the weightiest of each check, and how many more there are.
-- Grain: check_name
select
    replace(check_name, '_', ' ') as should_hold,
    subject,
    detail,
    found
from marts.warnings
where campaign_id = $campaign and position = 1
order by check_name
