-- Lifetime totals of each asset at the last reading of each of its counters, ranked by views.
-- Grain: campaign_id, asset_id
--
-- Of posts alone: a hashtag or site without posts is not among them.
with totals as (
    select
        campaign_id,
        name as asset_id,
        (sum(last_value) filter (group_counters.metric = 'views'))::bigint as views,
        (sum(last_value) filter (group_counters.metric = 'shares'))::bigint as shares,
        (sum(last_value) filter (group_counters.metric = 'retweets'))::bigint as retweets,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at
    from facts.group_counters
    join facts.counters using (counter_id)
    where kind = 'asset'
    group by campaign_id, name
),

appearances as (
    select campaign_id, asset_id, list(distinct platform order by platform) as platforms
    from facts.assignments
    group by campaign_id, asset_id
)

select
    -- Campaign.
    campaign_id,
    -- Side whose content the asset is.
    named.side_id as side_id,
    -- Asset, or platform:post for a post that no asset lists.
    asset_id,
    -- Title of the asset.
    named.asset_title as asset_title,
    -- Lifetime views over the platforms that tell them; null where none does.
    views,
    -- Lifetime shares; a retweet is not a share.
    shares,
    -- Lifetime retweets.
    retweets,
    -- 1 for the most viewed asset of the campaign; assets without views come last.
    rank() over (partition by campaign_id order by views desc nulls last)::bigint as views_rank,
    -- First reading of any of its counters.
    first_seen_at,
    -- Last reading of any of its counters.
    last_seen_at,
    -- The team's labels; empty for posts that no asset lists.
    coalesce(listed.tags, []) as tags,
    -- Whether the team listed it as an asset.
    listed.asset_id is not null as is_listed,
    -- Platforms of its posts.
    platforms
from totals
join facts.assets as named using (campaign_id, asset_id)
join appearances using (campaign_id, asset_id)
left join registry.assets as listed using (campaign_id, asset_id)
