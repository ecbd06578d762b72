-- An asset whose counters all began at zero has gained, over all days, just its lifetime total.
-- Severity: error
--
-- Of the days made anew: what it gained on them is its total less what its counters stood at on the day before.
with counted as (
    select
        campaign_id,
        name as asset_id,
        counter_id,
        zero_at,
        case
            when last_day < getvariable('days_from') then last_value
            when (coalesce(zero_at, first_at) at time zone timezone)::date >= getvariable('days_from') then 0
            else total
        end as stood_at
    from facts.group_counters
    join (select counter_id, timezone, zero_at, first_at, last_value from facts.counters) as counters using (counter_id)
    left join (select counter_id, total from facts.gains where day = getvariable('days_from') - 1) as day_before using (counter_id)
    where kind = 'asset' and metric = 'views'
),

stood as (
    select campaign_id, asset_id, sum(stood_at) as stood_at
    from counted
    group by all
    having count(zero_at) = count(*)
),

gained as (
    select campaign_id, asset_id, sum(views) as views, bool_or(is_filled) as is_filled
    from marts.asset_daily
    where day >= getvariable('days_from')
    group by all
)

select campaign_id, asset_id, asset_totals.views as views, stood_at, gained.views as gained
from stood
join marts.asset_totals using (campaign_id, asset_id)
left join gained using (campaign_id, asset_id)
-- A platform's own numbers stand in for days that no counter covers.
where stood_at + coalesce(gained.views, 0) is distinct from asset_totals.views and not coalesce(is_filled, false)
