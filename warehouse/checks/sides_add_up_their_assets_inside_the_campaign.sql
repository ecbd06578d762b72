-- Where no counter is shared by two assets, a side's totals are what its assets gained from the campaign's first day to its last.
-- Severity: error
with shared as (
    select campaign_id, platform
    from facts.group_counters
    where kind = 'asset on a platform'
    group by campaign_id, platform, counter_id
    having count(distinct name) > 1
),

gained as (
    select
        campaign_id,
        side_id,
        platform,
        sum(views) as views,
        sum(shares) as shares,
        sum(retweets) as retweets,
        sum(reactions) as reactions,
        sum(comments) as comments,
        sum(quotes) as quotes
    from marts.asset_platform_daily
    join registry.campaigns using (campaign_id)
    where day between starts and ends and day >= getvariable('days_from')
    group by all
),

side_totals as (
    select
        campaign_id,
        side_id,
        platform,
        sum(views) as views,
        sum(shares) as shares,
        sum(retweets) as retweets,
        sum(reactions) as reactions,
        sum(comments) as comments,
        sum(quotes) as quotes
    from marts.side_daily
    join registry.campaigns using (campaign_id)
    where day between starts and ends and day >= getvariable('days_from')
    group by all
)

select campaign_id, side_id, platform, gained.views as gained_views, side_totals.views as views
from gained
full join side_totals using (campaign_id, side_id, platform)
anti join shared using (campaign_id, platform)
where (gained.views, gained.shares, gained.retweets, gained.reactions, gained.comments, gained.quotes)
    is distinct from (
        side_totals.views, side_totals.shares, side_totals.retweets, side_totals.reactions, side_totals.comments, side_totals.quotes
    )
