-- Views that each of the campaign's most viewed listed assets gained on each local day of the campaign.
-- Grain: asset_id, day
select
    asset_id,
    day,
    views,
    views_completeness
from marts.asset_daily
join registry.campaigns using (campaign_id)
where campaign_id = $campaign
    and day between starts and ends
    and asset_id in (
        select asset_id
        from marts.asset_totals
        where campaign_id = $campaign and is_listed
        order by views_rank, asset_id
        limit $most_assets
    )
order by asset_id, day
