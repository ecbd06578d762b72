-- How many people the platforms think that each audience has, as an interval, on each day that they were asked.
-- Grain: platform, object_id, day
--
-- The bounds come as two values of one day. Which is which is plain from their size; where one came alone, there is no interval.
select
    -- Platform that estimates.
    periods.platform as platform,
    -- Advertising account, ?, and the targeting as it was asked for.
    periods.object_id as object_id,
    -- Day of the estimate.
    periods.first_day as day,
    -- Least number of people.
    min(periods.latest.value) as low,
    -- Largest number of people.
    max(periods.latest.value) as high
from summaries.periods
join dictionary.metrics on metrics.platform = periods.platform
    and metrics.object_type = periods.object_type
    and metrics.native_name = periods.metric
where periods.object_type = 'audience' and metrics.kind = 'estimate' and periods.breakdown = ''
group by periods.platform, periods.object_id, periods.first_day
having count(distinct periods.metric) >= 2
