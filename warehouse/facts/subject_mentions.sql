-- How often the platforms say that a hashtag or site was mentioned on each of their own days.
-- Grain: object_type, object_id, platform, day
-- Made: view
select
    -- hashtag or site.
    object_type,
    -- The hashtag with #, in lower case, or the site's address as the registry gives it.
    object_id,
    -- Platform that counted.
    platform,
    -- Day of the platform's calendar.
    day,
    -- Whose midnight ends it.
    any_value(day_boundary) as day_boundary,
    -- Mentions in the day; of a day of which only a part was seen, those of that part.
    arg_min(value, priority) as mentions,
    -- Whether the whole day was seen.
    arg_min(is_whole, priority) as is_whole,
    -- When the answer came.
    arg_min(observed_at, priority) as observed_at
from facts.platform_days
where object_type in ('hashtag', 'site') and canonical_name = 'mentions' and breakdown = ''
group by object_type, object_id, platform, day
