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

-- Days of each number: views of a side may begin later than its retweets.
days as (
    select
        side_id,
        count(distinct day) filter (views is not null) as days_of_views,
        count(distinct day) filter (retweets is not null) as days_of_retweets
    from marts.side_daily
    join registry.campaigns using (campaign_id)
    where campaign_id = $campaign and day between starts and ends
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
    round(views / days_of_views)::bigint as "views a day",
    round(retweets / days_of_retweets)::bigint as "retweets a day"
from gained
left join days using (side_id)
left join registry.sides on sides.campaign_id = $campaign and sides.side_id = gained.side_id
order by position nulls last, gained.side_id, is_all desc, views desc nulls last, platform
