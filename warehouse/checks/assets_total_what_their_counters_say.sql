-- An asset whose counters all began at zero has gained, over all days, just its lifetime total.
select campaign_id, asset_id, any_value(asset_totals.views) as views, sum(asset_daily.views) as gained
from marts.asset_totals
join marts.asset_daily using (campaign_id, asset_id)
semi join (
    select campaign_id, asset_id
    from facts.asset_counters
    join registry.campaigns using (campaign_id)
    join facts.counters on counters.timezone = campaigns.timezone
        and counters.platform = asset_counters.platform
        and counters.object_type = asset_counters.object_type
        and counters.object_id = asset_counters.object_id
        and counters.metric = asset_counters.native_name
    where asset_counters.metric = 'views'
    group by all
    having count(zero_at) = count(*)
) as counted_from_zero using (campaign_id, asset_id)
group by all
having sum(asset_daily.views) is distinct from any_value(asset_totals.views)
