-- The counters that speak for each asset, each once, however many of its posts share it.
-- Grain: campaign_id, asset_id, platform, metric, object_type, object_id
select
    -- Campaign.
    campaign_id,
    -- Side whose content the asset is.
    any_value(side_id) as side_id,
    -- Asset.
    asset_id,
    -- Title of the asset.
    any_value(asset_title) as asset_title,
    -- Platform of the counter.
    platform,
    -- Canonical name: views, shares, retweets …
    metric,
    -- post or media.
    post_counters.object_type as object_type,
    -- Post or medium that the counter belongs to.
    object_id,
    -- The platform's own name of the counter.
    native_name,
    -- Whether every post that it speaks for is gone, so that its silence is no gap.
    bool_and(posts.is_gone) as is_gone
from facts.assignments
join facts.post_counters using (platform, post_id)
join facts.posts using (platform, post_id)
group by campaign_id, asset_id, platform, metric, post_counters.object_type, object_id, native_name
