-- The posts that an asset listed before and none lists now, under any name, among those that have been seen.
-- Grain: campaign_id, platform, post_id
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- Asset that listed it last.
    arg_max(asset_id, (last_listed_at, place, asset_id)) as asset_id,
    -- Title of that asset, as last known.
    arg_max(asset_title, (last_listed_at, place, asset_id)) as asset_title,
    -- Side of that asset, as last known.
    arg_max(side_id, (last_listed_at, place, asset_id)) as side_id,
    -- Whether that asset has left the registry.
    arg_max(is_removed, (last_listed_at, place, asset_id)) as is_removed
from registry.former_listings
join facts.post_names using (platform, alias)
anti join facts.listings using (campaign_id, platform, post_id)
anti join facts.ignored_posts using (campaign_id, platform, post_id)
group by campaign_id, platform, post_id
