-- Reach is of one window of days that begins with the campaign and lies inside it, and every audience of the registry has its row.
-- Severity: error
select campaign_id, audience_id, metric, first_day, last_day
from marts.reach_share
full join registry.audiences using (campaign_id, audience_id)
left join registry.campaigns using (campaign_id)
where metric is null
    or audiences.audience_label is null
    or (reach is null) <> (first_day is null)
    or first_day > last_day
    or first_day <> starts
    or last_day > ends
