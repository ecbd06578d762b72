-- Which posts count for a campaign, for which side, and as an appearance of which asset.
-- Grain: campaign_id, platform, post_id
--
-- Posts that an asset lists always count. Posts of watched accounts count when they were posted inside the campaign; one
-- that no asset lists belongs to the asset whose rule catches it, and where none does it is an asset of its own.
--
-- A post goes on counting when it is listed no more. Where the asset that listed it last has left the registry it stands under
-- "unassigned"; where the asset is still there, so does one that counts through no watched account.
with unassigned as (
    select
        campaign_id,
        platform,
        post_id,
        coalesce(account_posts.side_id, formerly_listed.side_id) as side_id
    from facts.formerly_listed
    left join facts.account_posts using (campaign_id, platform, post_id)
    anti join facts.rule_catches using (campaign_id, platform, post_id)
    where is_removed or not coalesce(is_counted, false)
),

counted as (
    select campaign_id, platform, post_id from facts.listings
    union
    select campaign_id, platform, post_id from facts.account_posts where is_counted
    union
    select campaign_id, platform, post_id from unassigned
),

-- An asset has one side: of several sides of ours the first has the plain name.
ours as (
    select campaign_id, arg_min(side_id, position) as side_id from registry.sides where is_ours group by campaign_id
),

leftovers as (
    select
        campaign_id,
        platform,
        post_id,
        unassigned.side_id,
        case when unassigned.side_id = ours.side_id then 'unassigned' else 'unassigned:' || unassigned.side_id end as asset_id,
        case
            when unassigned.side_id = ours.side_id then 'Unassigned'
            else 'Unassigned (' || coalesce(side_name, unassigned.side_id) || ')'
        end as asset_title
    from unassigned
    left join ours using (campaign_id)
    left join registry.sides on sides.campaign_id = unassigned.campaign_id and sides.side_id = unassigned.side_id
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
    -- Side whose content it is: the asset's where it belongs to one, else the account's.
    coalesce(assets.side_id, leftovers.side_id, account_posts.side_id) as side_id,
    -- Asset of the registry, unassigned (with :SIDE for all but ours), or platform:post for a post of its own.
    coalesce(assets.asset_id, leftovers.asset_id, platform || ':' || post_id) as asset_id,
    -- Title of the asset, or the first words of the post.
    coalesce(assets.asset_title, leftovers.asset_title, posts.title, platform || ':' || post_id) as asset_title,
    -- How it came to its asset: listed, by a rule (text, hashtag, link, same video), unassigned when it was listed before, or itself
    -- for a post of its own.
    case
        when listings.asset_id is not null then 'listed'
        when caught_by is not null then caught_by
        when leftovers.asset_id is not null then 'unassigned'
        else 'itself'
    end as assigned_by
from counted
join facts.posts using (platform, post_id)
left join facts.listings using (campaign_id, platform, post_id)
left join facts.account_posts using (campaign_id, platform, post_id)
left join facts.rule_catches using (campaign_id, platform, post_id)
left join leftovers using (campaign_id, platform, post_id)
left join registry.assets on assets.campaign_id = counted.campaign_id
    and assets.asset_id = coalesce(listings.asset_id, rule_catches.asset_id)
