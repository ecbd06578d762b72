-- What the platforms themselves give for single days of their own calendars: accounts, hashtags, sites, advertising.
-- Grain: platform, object_type, object_id, native_name, canonical_name, breakdown, day
-- Made: view
--
-- These are not the campaign's local days, and not what lifetime counters moved; compare them, never add them to those.
select
    -- Platform that gives the value.
    platform_days.platform as platform,
    -- post, media, account, hashtag, site or advertising.
    object_type,
    -- The platform's id, or the subject as it was asked for.
    object_id,
    -- The platform's own name of the value; its definition is in marts.metrics.
    native_name,
    -- Part of the whole that the value is for, as is_from_ads=1; empty for the whole.
    breakdown,
    -- Day of the platform's calendar.
    day,
    -- The name under which the marts show it.
    canonical_name,
    -- Name in the account's address; null for what is no account. Where only a handle was asked for, it is the object's id.
    coalesce(
        accounts.latest.handle,
        case when object_type = 'account' and starts_with(object_id, '@') then substr(object_id, 2) end
    ) as handle,
    -- Whose midnight ends the day: a time zone, or the advertising account's.
    day_boundary,
    -- The value; of a day of which only a part was seen, that of the part.
    value,
    -- Whether it covers the whole of the day.
    is_whole,
    -- When the answer that gave it came.
    observed_at
from facts.platform_days
left join summaries.accounts on platform_days.object_type = 'account'
    and accounts.platform = platform_days.platform
    and accounts.account_id = platform_days.object_id
