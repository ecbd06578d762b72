-- What our side's posts gained on each platform on each local day of the campaign.
-- Grain: day, platform
select
    day,
    platform,
    sum(views)::bigint as views,
    sum(shares)::bigint as shares,
    sum(retweets)::bigint as retweets,
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], completeness))] as completeness
from marts.side_daily
join registry.sides using (campaign_id, side_id)
join registry.campaigns using (campaign_id)
where campaign_id = $campaign and is_ours and day between starts and ends
group by day, platform
order by day, platform
