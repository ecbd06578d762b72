-- Where no counter is shared by two posts, the days of posts add up to their asset's and their account's days.
-- Severity: error
with shared as (
    select campaign_id, counter_id
    from facts.campaign_counters
    group by all
    having count(distinct post_id) > 1
),

sharing as (
    select distinct platform, post_id
    from facts.campaign_counters
    semi join shared using (campaign_id, counter_id)
),

post_days as (
    select campaign_id, platform, asset_id, account_id, day, metric, gain
    from marts.post_daily
    semi join scope.days using (campaign_id, day)
    where metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
        and day >= getvariable('days_from')
),

assets_sharing as (
    select distinct campaign_id, platform, asset_id
    from marts.posts
    semi join sharing using (platform, post_id)
),

accounts_sharing as (
    select distinct campaign_id, platform, account_id
    from marts.posts
    semi join sharing using (platform, post_id)
),

asset_posts as (
    select
        campaign_id,
        platform,
        asset_id,
        day,
        sum(gain) filter (metric = 'views') as views,
        sum(gain) filter (metric = 'shares') as shares,
        sum(gain) filter (metric = 'retweets') as retweets,
        sum(gain) filter (metric = 'reactions') as reactions,
        sum(gain) filter (metric = 'comments') as comments,
        sum(gain) filter (metric = 'quotes') as quotes
    from post_days
    group by all
),

account_posts as (
    select
        campaign_id,
        platform,
        account_id,
        day,
        sum(gain) filter (metric = 'views') as views,
        sum(gain) filter (metric = 'shares') as shares,
        sum(gain) filter (metric = 'retweets') as retweets,
        sum(gain) filter (metric = 'reactions') as reactions,
        sum(gain) filter (metric = 'comments') as comments
    from post_days
    where account_id is not null
    group by all
)

select 'asset' as whole, campaign_id, platform, asset_id as subject, day
from asset_posts
full join (from marts.asset_platform_daily semi join scope.days using (campaign_id, day)) as days
    using (campaign_id, platform, asset_id, day)
anti join assets_sharing using (campaign_id, platform, asset_id)
where (asset_posts.views, asset_posts.shares, asset_posts.retweets, asset_posts.reactions, asset_posts.comments, asset_posts.quotes)
    is distinct from (days.views, days.shares, days.retweets, days.reactions, days.comments, days.quotes)
union all
select 'account', campaign_id, platform, account_id, day
from account_posts
full join (from marts.account_daily semi join scope.days using (campaign_id, day)) as days
    using (campaign_id, platform, account_id, day)
anti join accounts_sharing using (campaign_id, platform, account_id)
where (account_posts.views, account_posts.shares, account_posts.retweets, account_posts.reactions, account_posts.comments)
    is distinct from (days.views, days.shares, days.retweets, days.reactions, days.comments)
