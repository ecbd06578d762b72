-- Keys that every appearance of the very same video shares, where the platform tells one.
-- Grain: platform, object_type, object_id, content_key
create table if not exists summaries.content_keys (
    -- Platform.
    platform varchar,
    -- post or media.
    object_type varchar,
    -- The platform's id.
    object_id varchar,
    -- The platform's name of the content itself.
    content_key varchar
);

merge into summaries.content_keys
using (
    select distinct platform, object_type, object_id, unnest(content_keys) as content_key
    from readings.fresh
    where object_type in ('post', 'media')
) as merged
using (platform, object_type, object_id, content_key)
when not matched then insert;
