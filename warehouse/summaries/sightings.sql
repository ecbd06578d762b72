-- When each object was seen first and last, and whether the platform says that it is gone.
-- Grain: platform, object_type, object_id
create table if not exists summaries.sightings (
    platform varchar,
    -- post, media, account, hashtag, site, audience or advertising.
    object_type varchar,
    -- The platform's id.
    object_id varchar,
    -- First time an answer showed it; null when it was only ever refused.
    first_seen_at timestamptz,
    -- Last time an answer showed it.
    last_seen_at timestamptz,
    -- Last time the platform said that there is no such object.
    gone_at timestamptz,
    -- Last time the platform said that we may not see it.
    withheld_at timestamptz,
    -- The last thirty UTC days on which it said either, latest first. The thirty latest of a union are the same in whatever
    -- order and however often the parts are joined.
    refused_on date[]
);

merge into summaries.sightings
using (
    select
        platform,
        object_type,
        object_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        max(gone_at) as gone_at,
        max(withheld_at) as withheld_at,
        list_sort(list_distinct(flatten(list(refused_on))), 'desc')[:30] as refused_on
    from (
        select
            platform,
            object_type,
            object_id,
            case when state = 'present' then observed_at end as first_seen_at,
            case when state = 'present' then observed_at end as last_seen_at,
            case when state = 'gone' then observed_at end as gone_at,
            case when state = 'withheld' then observed_at end as withheld_at,
            case when state in ('gone', 'withheld') then [(observed_at at time zone 'UTC')::date] else [] end as refused_on
        from readings.fresh
        union all
        select before.*
        from summaries.sightings as before
        semi join readings.fresh using (platform, object_type, object_id)
    )
    group by all
) as merged
using (platform, object_type, object_id)
when matched then update
when not matched then insert;
