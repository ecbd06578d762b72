-- An asset's day is the sum of its platforms' days.
-- Severity: error
select campaign_id, asset_id, day
from (
    select campaign_id, asset_id, day, sum(views) as views, sum(shares) as shares, sum(retweets) as retweets
    from marts.asset_platform_daily
    semi join scope.days using (campaign_id, day)
    group by all
) as platforms
full join (from marts.asset_daily semi join scope.days using (campaign_id, day)) as assets using (campaign_id, asset_id, day)
where platforms.views is distinct from assets.views
    or platforms.shares is distinct from assets.shares
    or platforms.retweets is distinct from assets.retweets
