-- The most viewed posts that no asset lists, our side's first.
-- Grain: asset_id
with first_posts as (
    select asset_id, first(permalink order by created_at nulls last, platform, post_id) as address
    from marts.posts
    where campaign_id = $campaign and permalink is not null and is_gone is not true
    group by asset_id
)

select
    views_rank as rank,
    asset_title as post,
    views,
    shares,
    retweets,
    coalesce(side_name, side_id) as side,
    asset_id as "known as",
    address
from marts.asset_totals
left join first_posts using (asset_id)
left join registry.sides using (campaign_id, side_id)
where campaign_id = $campaign and not is_listed and views is not null
order by is_ours desc nulls last, views_rank, asset_id
limit 10
