-- Views that each listed asset gained on each of the last seven days that are over; those that gained most. Of nothing listed, our posts.
-- Grain: asset_id, day
with shown as (
    select asset_id
    from marts.asset_totals
    left join registry.sides using (campaign_id, side_id)
    where campaign_id = $campaign and if($shows_listed, is_listed, is_ours)
),

first_posts as (
    select asset_id, first(permalink order by created_at nulls last, platform, post_id) as address
    from marts.posts
    semi join shown using (asset_id)
    where campaign_id = $campaign and permalink is not null and is_gone is not true
    group by asset_id
),

days as (
    select
        asset_id,
        asset_title,
        day,
        views,
        views_completeness,
        sum(views) over (partition by asset_id) as together
    from marts.asset_daily
    semi join shown using (asset_id)
    where campaign_id = $campaign and day between $closed_day::date - 6 and $closed_day::date
)

select
    asset_id,
    asset_title,
    day,
    views,
    views_completeness,
    address
from days
left join first_posts using (asset_id)
qualify dense_rank() over (order by together desc nulls last, asset_id) <= $most_assets
order by together desc nulls last, asset_id, day
