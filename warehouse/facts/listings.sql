-- The posts that assets list, by whichever of their names, among those that have been seen and are not to be ignored.
-- Grain: campaign_id, platform, post_id
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- Asset that lists it. The registry refuses a post in two assets; two names of one post can still be listed apart, and then
    -- the first asset wins.
    arg_min(asset_id, position) as asset_id
from registry.listed_posts
join registry.assets using (campaign_id, asset_id)
join facts.post_names using (platform, alias)
anti join facts.ignored_posts using (campaign_id, platform, post_id)
group by campaign_id, platform, post_id
