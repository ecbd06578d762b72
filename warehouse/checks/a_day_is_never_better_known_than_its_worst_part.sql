-- The day of an asset or account is at best as complete as the worst of what it adds up.
-- Severity: error
with ranked as (
    select unnest(['complete', 'estimated', 'open']) as completeness, unnest([1, 2, 3]) as worse
),

-- A post's days of each metric the marts show, with how well each is known.
post_days as (
    select campaign_id, platform, post_id, account_id, asset_id, metric, day, worse
    from marts.post_daily
    semi join scope.days using (campaign_id, day)
    join ranked using (completeness)
    where day >= getvariable('days_from')
),

parts as (
    select
        'asset on a platform' as whole,
        campaign_id,
        platform,
        asset_id as subject,
        day,
        max(worse) as worst
    from post_days
    where metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
    group by all
    union all
    select 'account', campaign_id, platform, account_id, day, max(worse)
    from post_days
    where account_id is not null and metric in ('views', 'shares', 'retweets', 'reactions', 'comments')
    group by all
    union all
    select 'asset', campaign_id, '', asset_id, day, max(worse)
    from marts.asset_platform_daily
    semi join scope.days using (campaign_id, day)
    join ranked using (completeness)
    group by all
),

wholes as (
    select 'asset on a platform' as whole, campaign_id, platform, asset_id as subject, day, completeness
    from marts.asset_platform_daily
    semi join scope.days using (campaign_id, day)
    union all
    select 'account', campaign_id, platform, account_id, day, completeness
    from marts.account_daily
    semi join scope.days using (campaign_id, day)
    union all
    select 'asset', campaign_id, '', asset_id, day, completeness
    from marts.asset_daily
    semi join scope.days using (campaign_id, day)
)

select whole, campaign_id, platform, subject, day, wholes.completeness as completeness
from wholes
join parts using (whole, campaign_id, platform, subject, day)
left join ranked using (completeness)
where coalesce(ranked.worse, 0) < worst
