-- The posts that assets list, by whichever of their names, among those that have been seen.
-- Grain: campaign_id, platform, post_id
with names as (
    select platform, alias, post_id from summaries.aliases
    union
    select platform, post_id, post_id from facts.posts
    union
    -- What people paste may name the page, by whichever of its names, and the post's own number.
    select platform, handles.handle || '/' || split_part(post_id, '_', 2), post_id
    from facts.posts
    join summaries.handles using (platform, account_id)
    where contains(post_id, '_')
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    names.platform as platform,
    -- The platform's id of the post.
    post_id,
    -- Asset that lists it. The registry refuses a post in two assets; two names of one post can still be listed apart, and then
    -- the first asset wins.
    arg_min(asset_id, position) as asset_id
from registry.listed_posts
join registry.assets using (campaign_id, asset_id)
join names on names.platform = listed_posts.platform and names.alias = listed_posts.alias
group by campaign_id, names.platform, post_id
