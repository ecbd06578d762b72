-- Days of a hashtag or site belong to an asset of that kind and lie inside its campaign.
-- Severity: error
select campaign_id, asset_id, day
from (
    select campaign_id, asset_id, day, 'hashtag' as kind from marts.hashtag_daily
    union all
    select campaign_id, asset_id, day, 'site' from marts.site_daily
) as days
left join registry.assets using (campaign_id, asset_id)
left join registry.campaigns using (campaign_id)
where assets.kind is distinct from days.kind
    or coalesce(day not between starts and ends, true)
