-- Every name by which people may call a post that has been seen.
-- Grain: platform, alias, post_id
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
    -- Platform of the post.
    platform,
    -- Its id, an edit's id, a video's id, page/number, or a link's token.
    alias,
    -- The platform's id of the post.
    post_id
from names
