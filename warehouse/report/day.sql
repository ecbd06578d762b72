-- What each listed asset gained on each platform on the last day that is over, most views first.
-- Grain: asset_id, platform
select
    asset_title as asset,
    platform,
    views,
    shares,
    retweets,
    reactions,
    comments,
    completeness as known,
    count(*) over () as "in all"
from marts.asset_platform_daily
semi join marts.assets using (campaign_id, asset_id)
where campaign_id = $campaign and day = $closed_day::date
    and (views <> 0 or shares <> 0 or retweets <> 0 or reactions <> 0 or comments <> 0)
order by views desc nulls last, retweets desc nulls last, asset_id, platform
limit $most_assets
