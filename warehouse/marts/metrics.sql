-- The dictionary: what every number is called, what it counts, and what it may be compared with.
-- Grain: platform, native_name, canonical_name, object_type
select
    -- Platform that tells it.
    platform,
    -- The platform's own name.
    native_name,
    -- The name under which the marts show it.
    canonical_name,
    -- What it counts, in the platform's sense.
    definition,
    -- counter: a lifetime total that the platform restates; daily: a value for the platform's own day; window: a value for several
    -- days at once that no days add up to; estimate: the platform's guess on a day.
    kind,
    -- Whose midnight ends the platform's day: a time zone, or the advertising account's; null where there are no days.
    day_boundary,
    -- First day it exists; null when always.
    since,
    -- Last day it existed; null while it does.
    until,
    -- Whether it means the same on every platform that has the canonical name.
    is_comparable,
    -- Where the definition comes from.
    source,
    -- Object it belongs to: post, media, account, hashtag, site, audience or advertising.
    object_type,
    -- 1 is preferred where a post has several counters of one canonical name.
    priority
from dictionary.metrics
