-- What each side's posts gained over all platforms on each local day of the campaign.
-- Grain: day, side
select
    day,
    coalesce(sides.side_name, side_daily.side_id) as side,
    sum(views)::bigint as views,
    sum(shares)::bigint as shares,
    sum(retweets)::bigint as retweets,
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], completeness))] as completeness
from marts.side_daily
left join registry.sides using (campaign_id, side_id)
join registry.campaigns using (campaign_id)
where campaign_id = $campaign and day between starts and ends
group by day, side, position
order by position nulls last, side, day
