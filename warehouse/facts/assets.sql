-- What each asset that has a post is called, and whose it is.
-- Grain: campaign_id, asset_id
select
    -- Campaign.
    campaign_id,
    -- Asset, or platform:post for a post of its own.
    asset_id,
    -- Side whose content it is.
    min(side_id) as side_id,
    -- Title of the asset, or the first words of the post.
    min(asset_title) as asset_title
from facts.assignments
group by campaign_id, asset_id
