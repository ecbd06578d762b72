-- Views that each listed asset gained on each of the last seven days that are over; those that gained most.
-- Grain: asset_id, day
with days as (
    select
        asset_id,
        asset_title,
        day,
        views,
        completeness,
        sum(views) over (partition by asset_id) as together
    from marts.asset_daily
    semi join marts.assets using (campaign_id, asset_id)
    where campaign_id = $campaign and day between $closed_day::date - 6 and $closed_day::date
)

select
    asset_id,
    asset_title,
    day,
    views,
    completeness
from days
qualify dense_rank() over (order by together desc nulls last, asset_id) <= $most_assets
order by together desc nulls last, asset_id, day
