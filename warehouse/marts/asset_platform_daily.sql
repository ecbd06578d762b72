-- What each asset gained on each platform on each local day of its campaign.
-- Grain: campaign_id, asset_id, platform, day
with daily as (
    select
        campaign_id,
        side_id,
        asset_id,
        asset_title,
        asset_counters.platform,
        day,
        asset_counters.metric,
        gain,
        completeness,
        asset_counters.object_id
    from facts.asset_counters
    join registry.campaigns using (campaign_id)
    join facts.gains on gains.timezone = campaigns.timezone
        and gains.platform = asset_counters.platform
        and gains.object_type = asset_counters.object_type
        and gains.object_id = asset_counters.object_id
        and gains.metric = asset_counters.native_name
    where asset_counters.metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
),

-- The last day up to which every counter that still answers has been read; later days miss somebody.
reach as (
    select
        campaign_id,
        asset_id,
        asset_counters.platform,
        min((last_at at time zone campaigns.timezone)::date) filter (not is_gone and not is_silent) as whole_until
    from facts.asset_counters
    join registry.campaigns using (campaign_id)
    join facts.counters on counters.timezone = campaigns.timezone
        and counters.platform = asset_counters.platform
        and counters.object_type = asset_counters.object_type
        and counters.object_id = asset_counters.object_id
        and counters.metric = asset_counters.native_name
    where asset_counters.metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
    group by all
)

select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- Side whose content the asset is.
    any_value(side_id) as side_id,
    -- Asset, or platform:post for a post that no asset lists.
    asset_id,
    -- Title of the asset.
    any_value(asset_title) as asset_title,
    -- Platform of the posts.
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
    case
        when bool_or(completeness = 'open') or day > any_value(whole_until) then 'open'
        when bool_or(completeness = 'estimated') then 'estimated'
        else 'complete'
    end as completeness,
    -- Whether the platform took something back from one of its counters.
    bool_or(gain < 0) as was_revised_down
from daily
join reach using (campaign_id, asset_id, platform)
group by campaign_id, asset_id, platform, day
