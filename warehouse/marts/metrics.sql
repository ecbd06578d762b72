-- The dictionary: what every counter is called, what it counts, and what it may be compared with.
-- Grain: platform, native_name, canonical_name, object_type
select
    -- Platform of the counter.
    platform,
    -- The platform's own name.
    native_name,
    -- The name under which the marts show it.
    canonical_name,
    -- What it counts, in the platform's sense.
    definition,
    -- counter: a lifetime total that the platform restates; daily: a value for the platform's own day.
    kind,
    -- Whose midnight ends the platform's day; null for counters, which have none.
    day_boundary,
    -- First day it exists; null when always.
    since,
    -- Last day it existed; null while it does.
    until,
    -- Whether it means the same on every platform that has the canonical name.
    is_comparable,
    -- Where the definition comes from.
    source,
    -- Object it belongs to: post, media or account.
    object_type,
    -- 1 is preferred where a post has several counters of one canonical name.
    priority
from dictionary.metrics
