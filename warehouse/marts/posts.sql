-- Every post that counts for a campaign, the asset it is an appearance of, and how it came to it.
-- Grain: campaign_id, platform, post_id
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    assignments.account_id as account_id,
    -- Name in the account's address, as the platform spells it; null until an answer named it.
    accounts.latest.handle as handle,
    -- Side whose content it is.
    side_id,
    -- Asset, platform:post for a post of its own, or unassigned (with :SIDE for all but ours) when it was listed before.
    asset_id,
    -- Title of the asset.
    asset_title,
    -- listed, text, hashtag, link or same video; itself for a post of its own; unassigned when its asset is gone.
    assigned_by,
    -- When it was posted; null when no answer said so.
    posts.created_at as created_at,
    -- Address of the post.
    permalink,
    -- First words of its text.
    title,
    -- First answer that showed it.
    first_seen_at,
    -- Last answer that showed it.
    last_seen_at,
    -- Whether the platform's last word is that there is no such post, or that we may not see it.
    is_gone
from facts.assignments
join facts.posts using (platform, post_id)
left join summaries.accounts on accounts.platform = posts.platform and accounts.account_id = assignments.account_id
