-- Every name under which a post has been seen, so that whatever people pasted finds it.
-- Grain: platform, post_id, alias
create table if not exists summaries.aliases (
    -- Platform.
    platform varchar,
    -- The platform's id of the post.
    post_id varchar,
    -- Another name: an edit's id, a video's id, page/number, or a link's token.
    alias varchar
);

merge into summaries.aliases
using (
    select distinct platform, post_id, alias
    from (
        select platform, object_id as post_id, unnest(aliases) as alias
        from readings.fresh
        where object_type = 'post'
        union all
        select platform, unnest(post_ids), object_id
        from readings.fresh
        where object_type = 'media'
    )
) as merged
using (platform, post_id, alias)
when not matched then insert;
