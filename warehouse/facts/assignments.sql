-- Which posts count for a campaign, for which side, and as an appearance of which asset.
-- Grain: campaign_id, platform, post_id
--
-- Posts that an asset lists always count. Posts of watched accounts count when they were posted inside the campaign; one
-- that no asset lists belongs to the asset whose rule catches it, and where none does it is an asset of its own.
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    posts.account_id,
    -- Side whose content it is: the asset's where it belongs to one, else the account's.
    coalesce(assets.side_id, account_posts.side_id) as side_id,
    -- Asset of the registry, or platform:post for a post of its own.
    coalesce(assets.asset_id, platform || ':' || post_id) as asset_id,
    -- Title of the asset, or the first words of the post.
    coalesce(assets.asset_title, posts.title, platform || ':' || post_id) as asset_title,
    -- How it came to its asset: listed, by a rule (text, hashtag, link, same video), or itself for a post of its own.
    case when listings.asset_id is not null then 'listed' else coalesce(caught_by, 'itself') end as assigned_by
from facts.listings
full join facts.account_posts using (campaign_id, platform, post_id)
join facts.posts using (platform, post_id)
left join facts.rule_catches using (campaign_id, platform, post_id)
left join registry.assets on assets.campaign_id = coalesce(listings.campaign_id, account_posts.campaign_id)
    and assets.asset_id = coalesce(listings.asset_id, rule_catches.asset_id)
where listings.asset_id is not null or account_posts.is_counted
