-- The campaign's most viewed listed assets: lifetime totals over all platforms, and the last seven days that are over.
-- Grain: asset_id
with week as (
    select asset_id, sum(views)::bigint as views
    from marts.asset_daily
    where campaign_id = $campaign and day between $closed_day::date - 6 and $closed_day::date
    group by asset_id
),

first_posts as (
    select asset_id, first(permalink order by created_at nulls last, platform, post_id) as address
    from marts.posts
    where campaign_id = $campaign and permalink is not null and is_gone is not true
    group by asset_id
)

select
    totals.asset_id as asset_id,
    count(*) over () as listed,
    listed.side_id as side_id,
    views_rank as rank,
    totals.asset_title as asset,
    totals.views as views,
    totals.shares as shares,
    totals.retweets as retweets,
    week.views as "views, last 7 days",
    side_name as side,
    kind,
    posts,
    array_to_string(totals.platforms, ', ') as platforms,
    nullif(array_to_string(listed.tags, ', '), '') as tags,
    tone,
    address
from marts.asset_totals as totals
join marts.assets as listed using (campaign_id, asset_id)
left join week using (asset_id)
left join first_posts using (asset_id)
where campaign_id = $campaign
order by views_rank, asset_id
limit $most_assets
