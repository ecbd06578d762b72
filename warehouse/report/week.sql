-- Views that each listed asset gained on each of the last seven days that are over.
-- Grain: asset_id, day
select
    asset_daily.asset_id,
    asset_title,
    day,
    views,
    completeness
from marts.asset_daily
semi join marts.assets using (campaign_id, asset_id)
where campaign_id = $campaign and day between $closed_day::date - 6 and $closed_day::date
order by sum(views) over (partition by asset_daily.asset_id) desc nulls last, asset_daily.asset_id, day
