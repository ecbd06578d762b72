-- Every counter that has been read, from its first reading to its last, and the instant at which it was zero.
-- Grain: timezone, platform, object_type, object_id, metric
with born as (
    -- A post's counters were zero when it was posted.
    select platform, object_type, post_id as object_id, created_at from facts.posts where created_at is not null
    union all
    -- A medium's, when the first post that carries it was posted.
    select posts.platform, 'media', media_id, min(created_at)
    from summaries.post_media
    join facts.posts using (platform, post_id)
    where created_at is not null and object_type = 'post'
    group by all
)

select
    -- Zone whose midnights end the counter's days.
    timezone,
    -- Platform of the counter.
    counter_days.platform,
    -- post, media, account or site.
    counter_days.object_type,
    -- Post, medium, account or site that it belongs to.
    counter_days.object_id,
    -- The platform's own name of the counter.
    metric,
    -- First reading.
    min(first_at) as first_at,
    -- Value of the first reading.
    arg_min(first_value, first_at) as first_value,
    -- Last reading.
    max(last_at) as last_at,
    -- Value of the last reading: the lifetime total as last known.
    arg_max(last_value, last_at) as last_value,
    -- Whether the platform has not told it for two days while it told others of the same object: likes that were hidden, comments
    -- that were switched off. Its silence is no gap.
    max(last_at) + interval 2 day
        <= max(max(last_at)) over (partition by timezone, counter_days.platform, counter_days.object_type, counter_days.object_id)
        as is_silent,
    -- When it was zero: the creation of its post, where that is known and lies before the first reading.
    any_value(case when born.created_at < first_seen_at then born.created_at end) as zero_at,
    -- Readings taken, glitches included.
    sum(polls)::bigint as polls,
    -- Readings set aside as glitches.
    sum(glitches)::bigint as glitches
from (
    select *, min(first_at) over (partition by timezone, platform, object_type, object_id, metric) as first_seen_at
    from summaries.counter_days
) as counter_days
left join born using (platform, object_type, object_id)
group by timezone, counter_days.platform, counter_days.object_type, counter_days.object_id, metric
