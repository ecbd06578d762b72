-- Every post that has been seen, with whose it is and since when. A video whose post we are not shown stands for that post.
-- Grain: platform, post_id
with shown as (
    select platform, object_id from summaries.objects where object_type = 'post'
),

posts as (
    select * from summaries.objects where object_type = 'post'
    union all
    select media.*
    from summaries.objects as media
    anti join (
        select post_media.platform, media_id
        from summaries.post_media
        join shown on shown.platform = post_media.platform and shown.object_id = post_media.post_id
    ) as carried on carried.platform = media.platform and carried.media_id = media.object_id
    where object_type = 'media'
)

select
    -- Platform of the post.
    posts.platform,
    -- The platform's id of the post, or of the video that stands for it.
    posts.object_id as post_id,
    -- post, or media where a video stands for its post.
    object_type,
    -- The platform's id of the account that posted it.
    posts.latest.account_id as account_id,
    -- Name in the account's address, lower case; null until an account answer named it.
    lower(accounts.latest.handle) as handle,
    -- When it was posted; null when no answer said so.
    posts.created_at as created_at,
    -- First words of its text, to recognise it by.
    nullif(left(trim(split_part(trim(posts.latest.text), chr(10), 1)), 80), '') as title,
    -- Address of the post.
    posts.latest.permalink as permalink,
    -- First answer that showed it.
    sightings.first_seen_at as first_seen_at,
    -- Last answer that showed it.
    sightings.last_seen_at as last_seen_at,
    -- Whether the platform's last word is that there is no such post, or that we may not see it; or its time is over, as a story's.
    coalesce(
        greatest(sightings.gone_at, sightings.withheld_at) > coalesce(sightings.last_seen_at, '-infinity'::timestamptz),
        false
    )
        or coalesce(posts.ends_at <= max(sightings.last_seen_at) over (partition by posts.platform), false) as is_gone
from posts
join summaries.sightings using (platform, object_type, object_id)
left join summaries.accounts on accounts.platform = posts.platform
    and accounts.account_id = posts.latest.account_id
