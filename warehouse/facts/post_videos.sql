-- By what each post's videos and images are known: posts that share one show the very same content.
-- Grain: platform, post_id, video
with carried as (
    select platform, post_id, media_id from summaries.post_media
    union
    -- A video that stands for its post.
    select platform, post_id, post_id from facts.posts where object_type = 'media'
),

known as (
    select platform, post_id, 'media:' || media_id as video from carried
    union
    select carried.platform, post_id, 'content:' || content_key
    from carried
    join summaries.content_keys on content_keys.platform = carried.platform
        and content_keys.object_type = 'media'
        and content_keys.object_id = carried.media_id
    union
    select platform, object_id, 'content:' || content_key
    from summaries.content_keys
    where object_type = 'post'
)

select
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- media: and the id of a video or image, or content: and a key that its other appearances share.
    video
from known
