-- What the posts of an asset, an account or a side gained together on each local day.
-- Grain: campaign_id, kind, name, platform, day
-- Kept: days
with gained as (
    select
        campaign_id,
        kind,
        name,
        group_counters.platform as platform,
        group_counters.metric as metric,
        day,
        gain,
        list_position(['complete', 'estimated', 'open'], completeness) as worst,
        taken_back > 0 or gain < 0 as was_revised_down,
        false as is_filled
    from facts.group_counters
    join facts.gains using (counter_id)
    join scope.days using (campaign_id, day)
    where group_counters.metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
        and day >= getvariable('days_from')

    union all

    select
        campaign_id,
        kind,
        name,
        group_posts.platform,
        filled_days.metric,
        day,
        value,
        list_position(['complete', 'estimated', 'open'], completeness),
        false,
        true
    from facts.group_posts
    join facts.filled_days using (campaign_id, post_id)
    join scope.days using (campaign_id, day)
    where filled_days.platform = post_platform
        and filled_days.metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
        and day >= getvariable('days_from')
),

-- The last day up to which every counter that still answers has been read; later days miss somebody.
reach as (
    select
        campaign_id,
        kind,
        name,
        platform,
        min(last_day) filter (metric = 'views') as views_until,
        min(last_day) filter (metric = 'shares') as shares_until,
        min(last_day) filter (metric = 'retweets') as retweets_until,
        min(last_day) filter (metric = 'reactions') as reactions_until,
        min(last_day) filter (metric = 'comments') as comments_until,
        min(last_day) filter (metric = 'quotes') as quotes_until,
    from facts.group_counters
    where is_live and metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
    group by campaign_id, kind, name, platform
),

added as (
    select
        campaign_id,
        kind,
        name,
        platform,
        day,
        (sum(gain) filter (metric = 'views'))::bigint as views,
        (sum(gain) filter (metric = 'shares'))::bigint as shares,
        (sum(gain) filter (metric = 'retweets'))::bigint as retweets,
        (sum(gain) filter (metric = 'reactions'))::bigint as reactions,
        (sum(gain) filter (metric = 'comments'))::bigint as comments,
        (sum(gain) filter (metric = 'quotes'))::bigint as quotes,
        max(worst) filter (metric = 'views') as views_worst,
        max(worst) filter (metric = 'shares') as shares_worst,
        max(worst) filter (metric = 'retweets') as retweets_worst,
        max(worst) filter (metric = 'reactions') as reactions_worst,
        max(worst) filter (metric = 'comments') as comments_worst,
        max(worst) filter (metric = 'quotes') as quotes_worst,
        bool_or(was_revised_down) as was_revised_down,
        bool_or(is_filled) as is_filled
    from gained
    group by campaign_id, kind, name, platform, day
)

select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- asset, asset on a platform, account or side.
    kind,
    -- Asset, the platform's id of the account, or side.
    name,
    -- Platform of the posts; empty for an asset over all platforms.
    platform,
    -- Local day.
    day,
    -- Views gained; null where the platform tells none.
    views,
    -- Shares gained; a retweet is not a share.
    shares,
    -- Retweets gained.
    retweets,
    -- Reactions gained, likes among them.
    reactions,
    -- Comments or replies gained.
    comments,
    -- Quoting posts gained.
    quotes,
    -- As complete as the worst of its counters, whichever number they are of: complete, estimated or open.
    case
        when day > least(views_until, shares_until, retweets_until, reactions_until, comments_until, quotes_until) then 'open'
        else ['complete', 'estimated', 'open'][greatest(views_worst, shares_worst, retweets_worst, reactions_worst, comments_worst, quotes_worst)]
    end as completeness,
    -- As complete as the worst of the counters of views; null where the day has no views.
    case when views is not null then if(day > views_until, 'open', ['complete', 'estimated', 'open'][views_worst]) end as views_completeness,
    -- As complete as the worst of the counters of shares; null where the day has no shares.
    case when shares is not null then if(day > shares_until, 'open', ['complete', 'estimated', 'open'][shares_worst]) end as shares_completeness,
    -- As complete as the worst of the counters of retweets; null where the day has no retweets.
    case when retweets is not null then if(day > retweets_until, 'open', ['complete', 'estimated', 'open'][retweets_worst]) end as retweets_completeness,
    -- As complete as the worst of the counters of reactions; null where the day has no reactions.
    case when reactions is not null then if(day > reactions_until, 'open', ['complete', 'estimated', 'open'][reactions_worst]) end as reactions_completeness,
    -- As complete as the worst of the counters of comments; null where the day has no comments.
    case when comments is not null then if(day > comments_until, 'open', ['complete', 'estimated', 'open'][comments_worst]) end as comments_completeness,
    -- As complete as the worst of the counters of quotes; null where the day has no quotes.
    case when quotes is not null then if(day > quotes_until, 'open', ['complete', 'estimated', 'open'][quotes_worst]) end as quotes_completeness,
    -- Whether a platform took something back from one of its counters.
    was_revised_down,
    -- Whether a platform's own number for the day stands in for a counter that did not cover it.
    is_filled
from added
left join reach using (campaign_id, kind, name, platform)
