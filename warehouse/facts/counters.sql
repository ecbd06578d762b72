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
    -- Whether the platform has not told it for two days while it told others of the same object: likes that were hidden, comments
    -- that were switched off. Its silence is no gap.
    last_at + interval 2 day <= max(last_at) over (partition by timezone, platform, object_type, object_id) as is_silent,
    -- When it was zero: the creation of its post, where that is known and lies before the first reading.
    case when born.created_at < first_at then born.created_at end as zero_at
from summaries.counters
left join born using (platform, object_type, object_id)
