-- What each side gained inside the campaign's window, in all and by platform.
-- Grain: side, platform
--
-- The platform is null in the rows that add up all platforms.
with gained as (
    select
        side_id,
        platform,
        grouping(platform) as is_all,
        sum(views)::bigint as views,
        sum(shares)::bigint as shares,
        sum(retweets)::bigint as retweets,
        sum(reactions)::bigint as reactions,
        sum(comments)::bigint as comments,
        sum(quotes)::bigint as quotes
    from marts.side_totals
    where campaign_id = $campaign
    group by grouping sets ((side_id, platform), (side_id))
),

known as (
    select side_id, day, max(list_position(['complete', 'estimated', 'open'], completeness)) as worst
    from marts.side_daily
    join registry.campaigns using (campaign_id)
    where campaign_id = $campaign and day between starts and ends
    group by side_id, day
),

days as (
    select side_id, count(*) as days
    from known
    group by side_id
)

select
    coalesce(side_name, side_id) as side,
    platform,
    views,
    shares,
    retweets,
    reactions,
    comments,
    quotes,
    round(views / days)::bigint as "views a day",
    round(retweets / days)::bigint as "retweets a day"
from gained
left join days using (side_id)
left join registry.sides on sides.campaign_id = $campaign and sides.side_id = gained.side_id
order by position nulls last, gained.side_id, is_all desc, views desc nulls last, platform
