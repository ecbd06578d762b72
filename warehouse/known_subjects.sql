-- What is known of the days of accounts and posts, of hashtags, sites, audiences and advertising: enough to see what is due.
-- Grain: platform, object_type, object_id
--
-- Accounts and posts are seen all the time; only the days that the platform gave of them count here.
with days as (
    select
        platform,
        object_type,
        object_id,
        max(latest.observed_at) as seen_at,
        max(last_day) filter (latest.is_whole) as whole_until
    from summaries.periods
    where object_type <> 'media'
    group by all
),

seen as (
    select platform, object_type, object_id, last_seen_at as seen_at
    from summaries.sightings
    where object_type not in ('post', 'media', 'account') and last_seen_at is not null
)

select
    -- Platform.
    platform,
    -- account, post, hashtag, site, audience or advertising.
    object_type,
    -- The platform's id of an account or a post; else the subject as it was asked for.
    object_id,
    -- When values were last observed.
    greatest(days.seen_at, seen.seen_at) as seen_at,
    -- Last day, in the platform's calendar, that is known whole; null when none is.
    whole_until
from days
full join seen using (platform, object_type, object_id)
order by platform, object_type, object_id
