-- Every post that has been seen, with whose it is and since when.
-- Grain: platform, post_id
select
    -- Platform of the post.
    posts.platform,
    -- The platform's id of the post.
    posts.post_id,
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
    -- Whether the platform's last word is that there is no such post, or that we may not see it.
    coalesce(greatest(sightings.gone_at, sightings.withheld_at) > sightings.last_seen_at, false) as is_gone
from summaries.posts
join summaries.sightings on sightings.platform = posts.platform
    and sightings.object_type = 'post'
    and sightings.object_id = posts.post_id
left join summaries.accounts on accounts.platform = posts.platform
    and accounts.account_id = posts.latest.account_id
