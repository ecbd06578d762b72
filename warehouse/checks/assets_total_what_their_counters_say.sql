-- An asset whose counters all began at zero has gained, over all days, just its lifetime total.
-- Severity: error
select campaign_id, asset_id, any_value(asset_totals.views) as views, sum(asset_daily.views) as gained
from marts.asset_totals
join marts.asset_daily using (campaign_id, asset_id)
semi join (
    select campaign_id, name as asset_id
    from facts.group_counters
    join facts.counters using (counter_id)
    where kind = 'asset' and group_counters.metric = 'views'
    group by all
    having count(zero_at) = count(*)
) as counted_from_zero using (campaign_id, asset_id)
group by all
-- A platform's own numbers stand in for days that no counter covers.
having sum(asset_daily.views) is distinct from any_value(asset_totals.views) and not bool_or(is_filled)
