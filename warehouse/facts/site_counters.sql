-- Which counter speaks for each metric of each site's address.
-- Grain: platform, object_id, metric
select
    -- Platform of the counter.
    counters.platform as platform,
    -- The site's address, as the registry gives it.
    counters.object_id as object_id,
    -- Canonical name: shares, reactions, comments …
    metrics.canonical_name as metric,
    -- The platform's own name of the counter that it prefers.
    arg_min(metrics.native_name, metrics.priority) as native_name
from facts.counters
join dictionary.metrics on metrics.platform = counters.platform
    and metrics.native_name = counters.metric
    and metrics.object_type = counters.object_type
    and metrics.kind = 'counter'
semi join registry.assets on assets.kind = 'site' and assets.url = counters.object_id
where counters.object_type = 'site'
group by counters.platform, counters.object_id, metrics.canonical_name
