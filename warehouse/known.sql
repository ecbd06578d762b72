-- What is known of each post: enough to decide whether it is due again.
-- Grain: platform, post_id
--
-- Posts that were only ever refused are known too: there is no need to ask for them each hour.
with refusals as (
    select
        platform,
        object_type,
        object_id,
        greatest(gone_at, withheld_at) as gone_at,
        last_seen_at,
        -- One moment for each day: seen in the morning and refused in the evening is a day on which it was refused since.
        len(list_filter(refused_at, lambda moment: last_seen_at is null or moment > last_seen_at)) as refusals
    from summaries.sightings
    where object_type in ('post', 'media')
),

known as (
    select posts.platform, post_id, account_id, created_at, posts.last_seen_at, is_gone, handle, gone_at, refusals
    from facts.posts
    join refusals on refusals.platform = posts.platform
        and refusals.object_type = posts.object_type
        and refusals.object_id = posts.post_id
    union all
    select platform, object_id, null, null, null, true, null, gone_at, refusals
    from refusals
    where last_seen_at is null and gone_at is not null
)

select
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    any_value(account_id) as account_id,
    -- Every name under which it has been seen.
    list_sort(list_distinct(list_append(list(alias) filter (alias is not null), post_id))) as aliases,
    -- When it was posted; null when no answer said so.
    any_value(created_at) as created_at,
    -- Last answer that showed it; null when it was only ever refused.
    any_value(last_seen_at) as last_seen_at,
    -- Whether the platform's last word is that there is no such post, or that we may not see it.
    any_value(is_gone) as is_gone,
    -- Name in the account's address, lower case; null when no answer named it.
    any_value(handle) as handle,
    -- Last time the platform said so; null when it never did.
    any_value(gone_at) as gone_at,
    -- UTC days on which it said so since it last showed the post, thirty at most.
    any_value(refusals)::integer as refusals,
    -- Whether it is known to carry a video or an image.
    coalesce(bool_or(has_media), false) as has_media
from known
left join summaries.aliases using (platform, post_id)
left join (select distinct platform, post_id, true as has_media from summaries.post_media) as carried using (platform, post_id)
group by platform, post_id
order by platform, post_id
