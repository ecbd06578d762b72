-- What is known of each post: enough to decide whether it is due again.
-- Grain: platform, post_id
select
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    any_value(account_id) as account_id,
    -- Every name under which it has been seen.
    list_sort(list_distinct(list(alias))) as aliases,
    -- When it was posted; null when no answer said so.
    any_value(created_at) as created_at,
    -- Last answer that showed it; null when it was only ever refused.
    any_value(last_seen_at) as last_seen_at,
    -- Whether the platform's last word is that there is no such post, or that we may not see it.
    any_value(is_gone) as is_gone,
    -- Name in the account's address, lower case; null when no answer named it.
    any_value(handle) as handle
from facts.posts
left join summaries.aliases using (platform, post_id)
group by platform, post_id
order by platform, post_id
