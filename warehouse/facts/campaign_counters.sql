-- Which counter speaks for each metric of each post that counts for a campaign, in the campaign's zone.
-- Grain: campaign_id, platform, post_id, metric, counter_id
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    assignments.platform as platform,
    -- The platform's id of the post.
    assignments.post_id as post_id,
    -- Canonical name: views, shares, retweets …
    post_counters.metric as metric,
    -- Counter, of facts.counters.
    counter_id,
    -- The platform's own name of the counter.
    native_name,
    -- Whether more readings of it are to be expected: the post is not gone, and the platform tells the counter still.
    not is_gone and not is_withdrawn as is_live,
    -- Whether its readings are readings of the post: its own counters', or its video's where it has none of its own.
    post_counters.object_id = assignments.post_id
        or not bool_or(post_counters.object_id = assignments.post_id) over (
            partition by campaign_id, assignments.platform, assignments.post_id
        ) as is_of_the_post,
    -- Local day of its last reading.
    (last_at at time zone campaigns.timezone)::date as last_day
from facts.assignments
join registry.campaigns using (campaign_id)
join facts.posts on posts.platform = assignments.platform and posts.post_id = assignments.post_id
join facts.post_counters on post_counters.platform = assignments.platform and post_counters.post_id = assignments.post_id
join facts.counters on counters.timezone = campaigns.timezone
    and counters.platform = post_counters.platform
    and counters.object_type = post_counters.object_type
    and counters.object_id = post_counters.object_id
    and counters.metric = post_counters.native_name
