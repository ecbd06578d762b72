-- What the posts of each account gained on each local day of the campaign.
-- Grain: campaign_id, platform, account_id, day
with account_posts as (
    select campaign_id, assignments.platform, assignments.account_id, post_id, timezone, created_at, is_gone
    from facts.assignments
    join registry.campaigns using (campaign_id)
    join facts.posts using (platform, post_id)
    where assignments.account_id is not null
),

posted as (
    select campaign_id, platform, account_id, (created_at at time zone timezone)::date as day, count(*) as posts
    from account_posts
    where created_at is not null
    group by all
),

-- A video's counter that several of the account's posts share counts once.
account_counters as (
    select
        campaign_id,
        platform,
        account_id,
        timezone,
        post_counters.metric,
        object_type,
        object_id,
        native_name,
        bool_and(is_gone) as is_gone
    from account_posts
    join facts.post_counters using (platform, post_id)
    where post_counters.metric in ('views', 'shares', 'retweets', 'reactions', 'comments')
    group by all
),

-- The last day up to which every counter that still answers has been read; later days miss somebody.
reach as (
    select
        campaign_id,
        account_counters.platform,
        account_id,
        min((last_at at time zone account_counters.timezone)::date) filter (not is_gone and not is_silent) as whole_until
    from account_counters
    join facts.counters on counters.timezone = account_counters.timezone
        and counters.platform = account_counters.platform
        and counters.object_type = account_counters.object_type
        and counters.object_id = account_counters.object_id
        and counters.metric = account_counters.native_name
    group by all
),

gained as (
    select
        campaign_id,
        account_counters.platform,
        account_id,
        day,
        (sum(gain) filter (account_counters.metric = 'views'))::bigint as views,
        (sum(gain) filter (account_counters.metric = 'shares'))::bigint as shares,
        (sum(gain) filter (account_counters.metric = 'retweets'))::bigint as retweets,
        (sum(gain) filter (account_counters.metric = 'reactions'))::bigint as reactions,
        (sum(gain) filter (account_counters.metric = 'comments'))::bigint as comments,
        max(list_position(['complete', 'estimated', 'open'], completeness)) as worst,
        bool_or(gain < 0) as was_revised_down
    from account_counters
    join facts.gains on gains.timezone = account_counters.timezone
        and gains.platform = account_counters.platform
        and gains.object_type = account_counters.object_type
        and gains.object_id = account_counters.object_id
        and gains.metric = account_counters.native_name
    group by all
)

select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- Side the account speaks for; null for accounts that the registry does not name.
    registered.side_id as side_id,
    -- The platform's id of the account.
    account_id,
    -- Platform of the account.
    platform,
    -- Name in the account's address, as the registry spells it, else as the platform does.
    coalesce(registered.handle, names.latest.handle) as handle,
    -- Local day.
    day,
    -- Posts published in the day that count for the campaign.
    coalesce(posted.posts, 0)::bigint as posts,
    -- Views gained by the account's posts; null where the platform tells none.
    gained.views,
    -- Shares gained; a retweet is not a share.
    gained.shares,
    -- Retweets gained.
    gained.retweets,
    -- Reactions gained, likes among them.
    gained.reactions,
    -- Comments or replies gained.
    gained.comments,
    -- As complete as the worst of its posts' counters; null on days without readings.
    case
        when day > reach.whole_until then 'open'
        else ['complete', 'estimated', 'open'][gained.worst]
    end as completeness,
    -- Whether a platform took something back from one of its counters.
    coalesce(gained.was_revised_down, false) as was_revised_down
from gained
full join posted using (campaign_id, platform, account_id, day)
left join summaries.accounts as names using (platform, account_id)
left join facts.campaign_accounts as registered using (campaign_id, platform, account_id)
left join reach using (campaign_id, platform, account_id)
