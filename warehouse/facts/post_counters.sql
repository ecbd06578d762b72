-- Which counter speaks for each metric of each post.
-- Grain: platform, post_id, metric, object_type, object_id
--
-- Platforms count "views" in several ways that cannot be added. The dictionary ranks them; a post takes the best one that
-- it has ever had, for all its days. A post with two videos has two counters of the same kind.
with known as (
    select distinct platform, object_type, object_id, metric from facts.counters
),

-- Values of the platform's own days are no counters, even where one has a counter's name.
dictionary_counters as (
    select platform, object_type, native_name, canonical_name, priority from dictionary.metrics where kind = 'counter'
),

candidates as (
    -- The post's own counters, or those of the video that stands for it.
    select known.platform, post_id, known.object_type, object_id, metric as native_name, canonical_name, priority
    from known
    join facts.posts on posts.platform = known.platform
        and posts.object_type = known.object_type
        and posts.post_id = known.object_id
    join dictionary_counters on dictionary_counters.platform = known.platform
        and dictionary_counters.native_name = known.metric
        and dictionary_counters.object_type = known.object_type

    union all

    select known.platform, post_id, known.object_type, object_id, metric, canonical_name, priority
    from known
    join dictionary_counters on dictionary_counters.platform = known.platform
        and dictionary_counters.native_name = known.metric
        and dictionary_counters.object_type = known.object_type
    join summaries.post_media on post_media.platform = known.platform and post_media.media_id = known.object_id
    where known.object_type = 'media'
)

select
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- Canonical name: views, shares, retweets …
    canonical_name as metric,
    -- post or media.
    object_type,
    -- Post or medium that the counter belongs to.
    object_id,
    -- The platform's own name of the counter.
    native_name
from candidates
qualify priority = min(priority) over (partition by platform, post_id, canonical_name)
