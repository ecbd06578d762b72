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
    select campaign_id, kind, name, platform, min(last_day) as whole_until
    from facts.group_counters
    where is_live and metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
    group by campaign_id, kind, name, platform
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
    (sum(gain) filter (metric = 'views'))::bigint as views,
    -- Shares gained; a retweet is not a share.
    (sum(gain) filter (metric = 'shares'))::bigint as shares,
    -- Retweets gained.
    (sum(gain) filter (metric = 'retweets'))::bigint as retweets,
    -- Reactions gained, likes among them.
    (sum(gain) filter (metric = 'reactions'))::bigint as reactions,
    -- Comments or replies gained.
    (sum(gain) filter (metric = 'comments'))::bigint as comments,
    -- Quoting posts gained.
    (sum(gain) filter (metric = 'quotes'))::bigint as quotes,
    -- As complete as the worst of its counters: complete, estimated or open.
    case when day > any_value(whole_until) then 'open' else ['complete', 'estimated', 'open'][max(worst)] end as completeness,
    -- Whether a platform took something back from one of its counters.
    bool_or(was_revised_down) as was_revised_down,
    -- Whether a platform's own number for the day stands in for a counter that did not cover it.
    bool_or(is_filled) as is_filled
from gained
left join reach using (campaign_id, kind, name, platform)
group by campaign_id, kind, name, platform, day
