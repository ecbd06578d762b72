-- What each listed asset gained on each platform on the last day that is over, most views first; of nothing listed, our posts.
-- Grain: asset_id, platform
with shown as (
    select asset_id
    from marts.asset_totals
    left join registry.sides using (campaign_id, side_id)
    where campaign_id = $campaign and if($shows_listed, is_listed, is_ours)
),

first_posts as (
    select asset_id, platform, first(permalink order by created_at nulls last, post_id) as address
    from marts.posts
    semi join shown using (asset_id)
    where campaign_id = $campaign and permalink is not null and is_gone is not true
    group by asset_id, platform
)

select
    asset_title as asset,
    platform,
    views,
    shares,
    retweets,
    reactions,
    comments,
    views_completeness,
    shares_completeness,
    retweets_completeness,
    reactions_completeness,
    comments_completeness,
    address,
    count(*) over () as "in all"
from marts.asset_platform_daily
semi join shown using (asset_id)
left join first_posts using (asset_id, platform)
where campaign_id = $campaign and day = $closed_day::date
    and (views <> 0 or shares <> 0 or retweets <> 0 or reactions <> 0 or comments <> 0)
order by views desc nulls last, retweets desc nulls last, asset_id, platform
limit $most_assets
