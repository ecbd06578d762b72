-- What is known of each post and medium: when it was made, and the attributes of its latest sighting that said whose it is.
-- Grain: platform, object_type, object_id
--
-- A sighting that tells a post's address and not whose it is goes behind those that do: an asset may list the post. So does one
-- that shows neither text nor address, as that of an edit that is not the newest; and what an export says, behind all that the
-- platform's API says. The whole of what was said comes last in the
-- order: one answer may say two things of one post, and no order of rows may decide.
create table if not exists summaries.objects (
    -- Platform.
    platform varchar,
    -- post or media.
    object_type varchar,
    -- The platform's id.
    object_id varchar,
    -- When it was made, the earliest moment that any answer gave.
    created_at timestamptz,
    -- When the platform takes it away of itself, as a story; null for what stays.
    ends_at timestamptz,
    -- The latest sighting that showed whose it is, else the latest that gave its address, and what it said.
    latest struct(
        is_api boolean,
        observed_at timestamptz,
        response_id varchar,
        account_id varchar,
        permalink varchar,
        text varchar,
        links varchar[]
    )
);

create or replace temp view said as
select
    platform,
    object_type,
    object_id,
    created_at,
    ends_at,
    observed_at,
    -- The beginning of the order in one number: three bits, then the moment.
    (((account_id is not null)::hugeint * 2 + (source = 'api')::hugeint) * 2 + (coalesce(text, permalink) is not null)::hugeint)
        * 18446744073709551616
        + epoch_us(observed_at) as standing,
    {
        'is_api': source = 'api',
        'observed_at': observed_at,
        'response_id': response_id,
        'account_id': account_id,
        'permalink': permalink,
        'text': text,
        'links': links
    } as latest
from readings.fresh
where (object_type in ('post', 'media') and account_id is not null)
    or (object_type = 'post' and state = 'present' and permalink is not null);

-- Who is first is found by numbers: comparing all that was said, for each sighting, costs many times as much and keeps it in memory.
create or replace temp table foremost as
select
    platform,
    object_type,
    object_id,
    min(created_at) as created_at,
    max(ends_at) as ends_at,
    max(standing) as standing,
    arg_max(observed_at, standing) as observed_at
from said
group by all;

-- A constant, so that scans leave out what lies before.
set variable said_from = (select min(observed_at) from foremost);

merge into summaries.objects
using (
    select
        platform,
        object_type,
        object_id,
        min(created_at) as created_at,
        max(ends_at) as ends_at,
        arg_max(
            latest,
            (latest.account_id is not null, latest.is_api, coalesce(latest.text, latest.permalink) is not null, latest)
        ) as latest
    from (
        select platform, object_type, object_id, foremost.created_at, foremost.ends_at, latest
        from said
        join foremost using (platform, object_type, object_id, standing)
        where said.observed_at >= getvariable('said_from')
        union all
        select before.*
        from summaries.objects as before
        semi join foremost using (platform, object_type, object_id)
    )
    group by all
) as merged
using (platform, object_type, object_id)
when matched then update
when not matched then insert;
