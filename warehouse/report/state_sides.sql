-- What each side gained inside the campaign's window by all its posts, over all platforms.
-- Grain: side
select
    coalesce(side_name, side_id) as side,
    sum(views)::bigint as views,
    sum(shares)::bigint as shares,
    sum(retweets)::bigint as retweets,
    sum(reactions)::bigint as reactions,
    sum(comments)::bigint as comments
from marts.side_totals
left join registry.sides using (campaign_id, side_id)
where campaign_id = $campaign
group by side_id, side_name, position
order by position nulls last, side_id
