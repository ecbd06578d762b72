-- What is known of each post and medium: when it was made, and the attributes of its latest sighting that said whose it is.
-- Grain: platform, object_type, object_id
create table if not exists summaries.objects (
    platform varchar,
    -- post or media.
    object_type varchar,
    -- The platform's id.
    object_id varchar,
    -- When it was made, the earliest moment that any answer gave.
    created_at timestamptz,
    -- The latest sighting that showed whose it is, and what it said.
    latest struct(
        observed_at timestamptz,
        response_id varchar,
        account_id varchar,
        text varchar,
        permalink varchar,
        links varchar[]
    )
);

merge into summaries.objects
using (
    select
        platform,
        object_type,
        object_id,
        min(created_at) as created_at,
        arg_max(latest, (latest.observed_at, latest.response_id)) as latest
    from (
        select
            platform,
            object_type,
            object_id,
            created_at,
            {
                'observed_at': observed_at,
                'response_id': response_id,
                'account_id': account_id,
                'text': text,
                'permalink': permalink,
                'links': links
            } as latest
        from readings.fresh
        where object_type in ('post', 'media') and account_id is not null
        union all
        select before.*
        from summaries.objects as before
        semi join readings.fresh using (platform, object_type, object_id)
    )
    group by all
) as merged
using (platform, object_type, object_id)
when matched then update
when not matched then insert;
