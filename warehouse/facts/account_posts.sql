-- The posts of the accounts that a campaign names, and whether they count for it.
-- Grain: campaign_id, platform, post_id
select
    -- Campaign.
    accounts.campaign_id,
    -- Platform of the post.
    posts.platform,
    -- The platform's id of the post.
    posts.post_id,
    -- Side the account speaks for.
    accounts.side_id,
    -- Whether the account is watched, the post was made inside the campaign, or nobody says when it was made, and it is not to be
    -- ignored.
    is_watched
        and coalesce(
            (posts.created_at at time zone campaigns.timezone)::date between campaigns.starts and campaigns.ends,
            true
        )
        and ignored_posts.post_id is null as is_counted
from facts.campaign_accounts as accounts
join registry.campaigns using (campaign_id)
join facts.posts using (platform, account_id)
left join facts.ignored_posts on ignored_posts.campaign_id = accounts.campaign_id
    and ignored_posts.platform = posts.platform
    and ignored_posts.post_id = posts.post_id
