-- What is known of each post: when it was posted, and the attributes of its latest sighting that showed any.
-- Grain: platform, post_id
create table if not exists summaries.posts (
    platform varchar,
    -- The platform's id of the post.
    post_id varchar,
    -- When it was posted, the earliest moment that any answer gave.
    created_at timestamptz,
    -- The latest sighting that showed whose post it is, and what it said.
    latest struct(
        observed_at timestamptz,
        response_id varchar,
        account_id varchar,
        text varchar,
        permalink varchar
    )
);

merge into summaries.posts
using (
    select
        platform,
        post_id,
        min(created_at) as created_at,
        arg_max(latest, (latest.observed_at, latest.response_id)) as latest
    from (
        select
            platform,
            object_id as post_id,
            created_at,
            {
                'observed_at': observed_at,
                'response_id': response_id,
                'account_id': account_id,
                'text': text,
                'permalink': permalink
            } as latest
        from readings.fresh
        where object_type = 'post' and account_id is not null
        union all
        select before.*
        from summaries.posts as before
        semi join readings.fresh as fresh on before.platform = fresh.platform and before.post_id = fresh.object_id
    )
    group by all
) as merged
using (platform, post_id)
when matched then update
when not matched then insert;
