-- What each side's posts gained on each platform inside the campaign's window.
-- Grain: campaign_id, side_id, platform
with side_counters as (
    -- A video's counter that several of the side's posts share counts once.
    select distinct campaign_id, side_id, platform, metric, object_type, object_id, native_name
    from facts.asset_counters
)

select
    -- Campaign.
    campaign_id,
    -- Side whose content it is.
    side_id,
    -- Platform of the posts.
    side_counters.platform as platform,
    -- Views gained from the campaign's first day to its last; null where the platform tells none.
    (sum(gain) filter (side_counters.metric = 'views'))::bigint as views,
    -- Shares gained; a retweet is not a share.
    (sum(gain) filter (side_counters.metric = 'shares'))::bigint as shares,
    -- Retweets gained.
    (sum(gain) filter (side_counters.metric = 'retweets'))::bigint as retweets,
    -- Reactions gained, likes among them.
    (sum(gain) filter (side_counters.metric = 'reactions'))::bigint as reactions,
    -- Comments or replies gained.
    (sum(gain) filter (side_counters.metric = 'comments'))::bigint as comments,
    -- Quoting posts gained.
    (sum(gain) filter (side_counters.metric = 'quotes'))::bigint as quotes
from side_counters
join registry.campaigns using (campaign_id)
join facts.gains on gains.timezone = campaigns.timezone
    and gains.platform = side_counters.platform
    and gains.object_type = side_counters.object_type
    and gains.object_id = side_counters.object_id
    and gains.metric = side_counters.native_name
where day between starts and ends
group by campaign_id, side_id, side_counters.platform
