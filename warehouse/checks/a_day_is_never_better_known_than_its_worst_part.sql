-- The day of an asset or account is at best as complete as the worst of what it adds up, and so is each number of that day.
-- Severity: error
with post_days as (
    select
        campaign_id,
        platform,
        account_id,
        asset_id,
        metric,
        day,
        list_position(['complete', 'estimated', 'open'], completeness) as worse
    from marts.post_daily
    semi join scope.days using (campaign_id, day)
    where metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
        and day >= getvariable('days_from')
),

-- What is said of each whole, as places in the order of those words.
wholes as (
    select
        'asset on a platform' as whole,
        campaign_id,
        platform,
        asset_id as subject,
        day,
        list_position(['complete', 'estimated', 'open'], completeness) as known,
        list_position(['complete', 'estimated', 'open'], views_completeness) as views,
        list_position(['complete', 'estimated', 'open'], shares_completeness) as shares,
        list_position(['complete', 'estimated', 'open'], retweets_completeness) as retweets,
        list_position(['complete', 'estimated', 'open'], reactions_completeness) as reactions,
        list_position(['complete', 'estimated', 'open'], comments_completeness) as comments,
        list_position(['complete', 'estimated', 'open'], quotes_completeness) as quotes
    from marts.asset_platform_daily
    semi join scope.days using (campaign_id, day)
    union all
    select
        'account',
        campaign_id,
        platform,
        account_id,
        day,
        list_position(['complete', 'estimated', 'open'], completeness),
        list_position(['complete', 'estimated', 'open'], views_completeness),
        list_position(['complete', 'estimated', 'open'], shares_completeness),
        list_position(['complete', 'estimated', 'open'], retweets_completeness),
        list_position(['complete', 'estimated', 'open'], reactions_completeness),
        list_position(['complete', 'estimated', 'open'], comments_completeness),
        list_position(['complete', 'estimated', 'open'], quotes_completeness)
    from marts.account_daily
    semi join scope.days using (campaign_id, day)
    union all
    select
        'asset',
        campaign_id,
        '',
        asset_id,
        day,
        list_position(['complete', 'estimated', 'open'], completeness),
        list_position(['complete', 'estimated', 'open'], views_completeness),
        list_position(['complete', 'estimated', 'open'], shares_completeness),
        list_position(['complete', 'estimated', 'open'], retweets_completeness),
        list_position(['complete', 'estimated', 'open'], reactions_completeness),
        list_position(['complete', 'estimated', 'open'], comments_completeness),
        list_position(['complete', 'estimated', 'open'], quotes_completeness)
    from marts.asset_daily
    semi join scope.days using (campaign_id, day)
),

parts as (
    select
        'asset on a platform' as whole,
        campaign_id,
        platform,
        asset_id as subject,
        day,
        max(worse) as known,
        max(worse) filter (metric = 'views') as views,
        max(worse) filter (metric = 'shares') as shares,
        max(worse) filter (metric = 'retweets') as retweets,
        max(worse) filter (metric = 'reactions') as reactions,
        max(worse) filter (metric = 'comments') as comments,
        max(worse) filter (metric = 'quotes') as quotes
    from post_days
    group by all
    union all
    select
        'account',
        campaign_id,
        platform,
        account_id,
        day,
        max(worse),
        max(worse) filter (metric = 'views'),
        max(worse) filter (metric = 'shares'),
        max(worse) filter (metric = 'retweets'),
        max(worse) filter (metric = 'reactions'),
        max(worse) filter (metric = 'comments'),
        max(worse) filter (metric = 'quotes')
    from post_days
    where account_id is not null
    group by all
    union all
    select 'asset', campaign_id, '', subject, day, max(known), max(views), max(shares), max(retweets), max(reactions), max(comments), max(quotes)
    from wholes
    where whole = 'asset on a platform'
    group by campaign_id, subject, day
),

-- No number of a day is worse known than the day.
weighed as (
    select *, greatest(views, shares, retweets, reactions, comments, quotes) as worst
    from wholes
)

select whole, campaign_id, platform, subject, day, ['complete', 'estimated', 'open'][weighed.known] as completeness
from weighed
join parts using (whole, campaign_id, platform, subject, day)
where coalesce(weighed.known, 0) < greatest(parts.known, worst)
    or weighed.views < parts.views
    or weighed.shares < parts.shares
    or weighed.retweets < parts.retweets
    or weighed.reactions < parts.reactions
    or weighed.comments < parts.comments
    or weighed.quotes < parts.quotes
