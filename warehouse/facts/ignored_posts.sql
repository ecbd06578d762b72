-- The posts that must not count for a campaign, among those that have been seen.
-- Grain: campaign_id, platform, post_id
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id
from registry.ignored_posts
join facts.post_names using (platform, alias)
group by campaign_id, platform, post_id
