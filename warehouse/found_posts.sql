-- The posts that some answers showed: enough to ask for their days before a build has taken them in.
-- Grain: post_id
with carried as (
    select object_id as post_id from sightings where object_type = 'post' and media_ids <> []
    union
    select unnest(post_ids) from sightings where object_type = 'media'
),

named as (
    select object_id as account_id, arg_max(lower(handle), observed_at) as handle
    from sightings
    where object_type = 'account' and handle <> '' and not starts_with(object_id, '@')
    group by object_id
),

posts as (
    select
        object_id as post_id,
        arg_max(account_id, observed_at) filter (account_id is not null) as account_id,
        list_sort(list_distinct(list_append(flatten(list(aliases)), object_id))) as aliases,
        min(created_at) as created_at,
        max(observed_at) as last_seen_at
    from sightings
    where object_type = 'post' and state = 'present'
    group by object_id
)

select
    -- The platform's id of the post.
    posts.post_id,
    -- The platform's id of the account that posted it; null when no answer said so.
    posts.account_id,
    -- Every name under which it was shown.
    posts.aliases,
    -- When it was posted; null when no answer said so.
    posts.created_at,
    -- Last answer that showed it.
    posts.last_seen_at,
    -- Name in the account's address, lower case; null when no answer named it.
    named.handle,
    -- Whether it is known to carry a video or an image.
    carried.post_id is not null as has_media
from posts
left join named using (account_id)
left join carried using (post_id)
order by post_id
