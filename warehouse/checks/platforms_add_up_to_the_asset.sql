-- An asset's day is the sum of its platforms' days.
select campaign_id, asset_id, day
from (
    select campaign_id, asset_id, day, sum(views) as views, sum(shares) as shares, sum(retweets) as retweets
    from marts.asset_platform_daily
    group by all
) as platforms
full join marts.asset_daily using (campaign_id, asset_id, day)
where platforms.views is distinct from asset_daily.views
    or platforms.shares is distinct from asset_daily.shares
    or platforms.retweets is distinct from asset_daily.retweets
