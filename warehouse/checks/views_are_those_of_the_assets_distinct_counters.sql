-- One audience, one count: however many posts of an asset share a counter, it counts once in the asset's lifetime views.
-- Severity: error
select campaign_id, asset_id, any_value(asset_totals.views) as views, sum(distinct_counters.last_value) as counted
from (
    select distinct
        posts.campaign_id,
        posts.asset_id,
        counters.platform,
        counters.object_type,
        counters.object_id,
        counters.metric,
        last_value
    from marts.posts
    join registry.campaigns using (campaign_id)
    join facts.post_counters on post_counters.platform = posts.platform
        and post_counters.post_id = posts.post_id
        and post_counters.metric = 'views'
    join facts.counters on counters.timezone = campaigns.timezone
        and counters.platform = post_counters.platform
        and counters.object_type = post_counters.object_type
        and counters.object_id = post_counters.object_id
        and counters.metric = post_counters.native_name
) as distinct_counters
full join marts.asset_totals using (campaign_id, asset_id)
group by all
having any_value(asset_totals.views) is distinct from sum(distinct_counters.last_value)
