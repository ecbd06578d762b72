-- When each object was seen first and last, and whether the platform says that it is gone.
-- Grain: platform, object_type, object_id
create table if not exists summaries.sightings (
    -- Platform.
    platform varchar,
    -- post, media, account, hashtag, site, audience or advertising.
    object_type varchar,
    -- The platform's id.
    object_id varchar,
    -- First time an answer showed it; null when it was only ever refused.
    first_seen_at timestamptz,
    -- Last time an answer of the platform showed it; null where only an export did.
    last_seen_at timestamptz,
    -- Last time the platform said that there is no such object.
    gone_at timestamptz,
    -- Last time the platform said that we may not see it.
    withheld_at timestamptz,
    -- The last time that it said either on each of the last thirty UTC days on which it did, latest first. Those of a union are the
    -- same in whatever order and however often the parts are joined.
    refused_at timestamptz[]
);

merge into summaries.sightings
using (
    with joined as (
        select
            platform,
            object_type,
            object_id,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
            max(gone_at) as gone_at,
            max(withheld_at) as withheld_at,
            list_sort(flatten(list(refused_at)), 'desc') as refusals
        from (
            select
                platform,
                object_type,
                object_id,
                case when state = 'present' then observed_at end as first_seen_at,
                case when state = 'present' and source = 'api' then observed_at end as last_seen_at,
                case when state = 'gone' then observed_at end as gone_at,
                case when state = 'withheld' then observed_at end as withheld_at,
                case when state in ('gone', 'withheld') then [observed_at] else [] end as refused_at
            from readings.fresh
            union all
            select before.*
            from summaries.sightings as before
            semi join readings.fresh using (platform, object_type, object_id)
        )
        group by all
    )

    select
        * exclude (refusals),
        list_filter(
            refusals,
            lambda moment, place: place = 1
                or (moment at time zone 'UTC')::date <> (refusals[place - 1] at time zone 'UTC')::date
        )[:30] as refused_at
    from joined
) as merged
using (platform, object_type, object_id)
when matched then update
when not matched then insert;
