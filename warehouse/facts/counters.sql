-- Every counter that has been read, from its first reading to its last, and the instant at which it was zero.
-- Grain: counter_id
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
),

-- Where counters that come in one answer with it are told: beside it, or of the posts that carry a medium.
beside as (
    select counters.counter_id, others.last_at
    from summaries.counters
    join summaries.told_together using (platform, object_type, metric)
    join summaries.counters as others on others.timezone = counters.timezone
        and others.platform = counters.platform
        and others.object_type = counters.object_type
        and others.object_id = counters.object_id
        and others.metric = told_together.other_metric
    where other_object_type = counters.object_type and others.last_sources & 1 = 1

    union all

    select counters.counter_id, others.last_at
    from summaries.counters
    join summaries.told_together using (platform, object_type, metric)
    join summaries.post_media on post_media.platform = counters.platform and post_media.media_id = counters.object_id
    join summaries.counters as others on others.timezone = counters.timezone
        and others.platform = counters.platform
        and others.object_type = 'post'
        and others.object_id = post_media.post_id
        and others.metric = told_together.other_metric
    where counters.object_type = 'media' and other_object_type = 'post' and others.last_sources & 1 = 1
),

told_beside as (
    select counter_id, max(last_at) as told_at from beside group by counter_id
)

select
    -- Number that stands for the counter in the tables of days; another warehouse of the same lake may give it another.
    counter_id,
    -- Zone whose midnights end the counter's days.
    timezone,
    -- Platform of the counter.
    platform,
    -- post, media, account or site.
    object_type,
    -- Post, medium, account or site that it belongs to.
    object_id,
    -- The platform's own name of the counter.
    metric,
    -- First reading.
    first_at,
    -- Value of the first reading.
    first_value,
    -- Last reading.
    last_at,
    -- Value of the last reading: the lifetime total as last known.
    last_value,
    -- Whether the platform has left it out for two days of answers that told it before: likes that were hidden, comments that were
    -- switched off, a video that was taken out. Its silence is no gap.
    coalesce(last_at + interval 2 day <= told_at, false) as is_withdrawn,
    -- When it was zero: the creation of its post, where that is known and lies before the first reading.
    case when born.created_at < first_at then born.created_at end as zero_at
from summaries.counters
left join born using (platform, object_type, object_id)
left join told_beside using (counter_id)
