-- What each side's posts gained on each platform on each local day of the campaign.
-- Grain: day, side_id, platform
select
    day,
    side_daily.side_id as side_id,
    coalesce(sides.side_name, side_daily.side_id) as side,
    coalesce(is_ours, false) as is_ours,
    platform,
    views,
    shares,
    retweets,
    views_completeness,
    shares_completeness,
    retweets_completeness
from marts.side_daily
left join registry.sides using (campaign_id, side_id)
join registry.campaigns using (campaign_id)
where campaign_id = $campaign and day between starts and ends
order by position nulls last, side_id, platform, day
