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
    min(accounts.side_id) as side_id,
    -- Whether the account is watched and the post was made inside the campaign, or nobody says when it was made.
    bool_or(
        is_watched
        and coalesce(
            (posts.created_at at time zone campaigns.timezone)::date between campaigns.starts and campaigns.ends,
            true
        )
    ) as is_counted
from registry.accounts
join registry.campaigns using (campaign_id)
join facts.posts on posts.platform = accounts.platform
    and (posts.account_id = accounts.account_id or posts.handle = lower(accounts.handle))
group by accounts.campaign_id, posts.platform, posts.post_id
