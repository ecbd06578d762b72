-- The most viewed posts that no asset lists, our side's first.
-- Grain: asset_id
select
    views_rank as rank,
    asset_title as post,
    views,
    shares,
    retweets,
    coalesce(side_name, side_id) as side,
    asset_id as "known as"
from marts.asset_totals
left join registry.sides using (campaign_id, side_id)
where campaign_id = $campaign and not is_listed and views is not null
order by is_ours desc nulls last, views_rank, asset_id
limit 10
