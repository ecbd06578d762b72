-- What the platforms themselves give for single days of their own calendars.
-- Grain: platform, object_type, object_id, native_name, canonical_name, breakdown, day
-- Made: view
select
    -- Platform that gives the value.
    periods.platform as platform,
    -- post, media, account, hashtag, site or advertising.
    periods.object_type as object_type,
    -- The platform's id, or the subject as it was asked for.
    periods.object_id as object_id,
    -- The platform's own name of the value.
    periods.metric as native_name,
    -- The name under which the marts show it.
    metrics.canonical_name as canonical_name,
    -- 1 is preferred where an object has several values of one canonical name.
    metrics.priority as priority,
    -- Part of the whole that the value is for, as is_from_ads=1; empty for the whole.
    periods.breakdown as breakdown,
    -- Day of the platform's calendar.
    periods.first_day as day,
    -- Whose midnight ends it.
    metrics.day_boundary as day_boundary,
    -- The value.
    periods.latest.value as value,
    -- Whether it covers the whole of the day.
    periods.latest.is_whole as is_whole,
    -- When the answer that gave it came.
    periods.latest.observed_at as observed_at
from summaries.periods
join dictionary.metrics on metrics.platform = periods.platform
    and metrics.object_type = periods.object_type
    and metrics.native_name = periods.metric
where metrics.kind = 'daily' and periods.first_day = periods.last_day
