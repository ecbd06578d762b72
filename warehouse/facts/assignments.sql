-- Which posts count for a campaign, for which side, and as an appearance of which asset.
-- Grain: campaign_id, platform, post_id
--
-- Posts that an asset lists always count. Posts of watched accounts count when they were posted inside the campaign; one
-- that no asset lists is an asset of its own.
with names as (
    select platform, alias, post_id from summaries.aliases
    union
    select platform, post_id, post_id from facts.posts
    union
    -- What people paste may name the page and the post's own number.
    select platform, handle || '/' || split_part(post_id, '_', 2), post_id
    from facts.posts
    where handle is not null and contains(post_id, '_')
),

listed as (
    select
        campaign_id,
        names.platform,
        post_id,
        -- The registry refuses a post in two assets; two names of one post can still be listed apart, and then the first wins.
        arg_min(asset_id, position) as asset_id
    from registry.listed_posts
    join registry.assets using (campaign_id, asset_id)
    join names on names.platform = listed_posts.platform and names.alias = listed_posts.alias
    group by all
),

account_posts as (
    select
        accounts.campaign_id,
        posts.platform,
        posts.post_id,
        min(accounts.side_id) as side_id,
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
    group by all
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    posts.account_id,
    -- Side whose content it is: the asset's where one lists it, else the account's.
    coalesce(assets.side_id, account_posts.side_id) as side_id,
    -- Listed asset, or platform:post for a post of its own.
    coalesce(listed.asset_id, platform || ':' || post_id) as asset_id,
    -- Title of the asset, or the first words of the post.
    coalesce(assets.asset_title, posts.title, platform || ':' || post_id) as asset_title,
    -- Whether the team listed it.
    listed.asset_id is not null as is_listed
from listed
full join account_posts using (campaign_id, platform, post_id)
join facts.posts using (platform, post_id)
left join registry.assets on assets.campaign_id = listed.campaign_id and assets.asset_id = listed.asset_id
where listed.asset_id is not null or account_posts.is_counted
