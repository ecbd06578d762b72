-- Which media each post carries. One video may be carried by several posts; its counter is then one counter.
-- Grain: platform, post_id, media_id
create table if not exists summaries.post_media (
    -- Platform.
    platform varchar,
    -- The platform's id of the post.
    post_id varchar,
    -- The platform's id of the video or image.
    media_id varchar
);

merge into summaries.post_media
using (
    select distinct platform, post_id, media_id
    from (
        select platform, object_id as post_id, unnest(media_ids) as media_id
        from readings.fresh
        where object_type = 'post'
        union all
        select platform, unnest(post_ids), object_id
        from readings.fresh
        where object_type = 'media'
    )
) as merged
using (platform, post_id, media_id)
when not matched then insert;
