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
    -- Whether the account is watched and the post was made inside the campaign, or nobody says when it was made.
    is_watched
        and coalesce(
            (posts.created_at at time zone campaigns.timezone)::date between campaigns.starts and campaigns.ends,
            true
        ) as is_counted
from facts.campaign_accounts as accounts
join registry.campaigns using (campaign_id)
join facts.posts using (platform, account_id)
