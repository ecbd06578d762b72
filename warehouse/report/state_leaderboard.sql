-- The most viewed listed assets of a campaign, with the address of each one's first post on every platform.
-- Grain: asset_id
--
-- Posts that are gone have no address that leads anywhere.
with first_posts as (
    select
        asset_id,
        platform,
        first(permalink order by created_at nulls last, post_id) as address,
        min(created_at) as created_at
    from marts.posts
    where campaign_id = $campaign and permalink is not null and is_gone is not true
    group by asset_id, platform
),

addressed as (
    select asset_id, list({ platform: platform, address: address } order by created_at nulls last, platform) as posts
    from first_posts
    group by asset_id
)

select
    views_rank as rank,
    coalesce(nullif(asset_title, ''), asset_id) as asset,
    views,
    shares,
    retweets,
    coalesce(side_name, totals.side_id) as side,
    coalesce(posts, []) as posts
from marts.asset_totals as totals
left join addressed using (asset_id)
left join registry.sides using (campaign_id, side_id)
where campaign_id = $campaign and is_listed
order by views_rank, asset_id
limit 10
