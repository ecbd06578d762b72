-- What went another way than up with the numbers of each post: each kind apart, nothing of it clamped away.
-- Grain: campaign_id, platform, post_id, metric, day, kind
-- Made: view
--
-- A video's counter that several posts share appears with each of them.
with happened as (
    select
        campaign_id,
        campaign_counters.platform as platform,
        post_id,
        campaign_counters.metric as metric,
        day,
        unnest([
            {'kind': 'revised down', 'amount': taken_back},
            {'kind': 'glitch set aside', 'amount': glitches::bigint}
        ], recursive := true),
        native_name
    from facts.campaign_counters
    join facts.gains using (counter_id)
    where taken_back > 0 or glitches > 0

    union all

    select campaign_id, counted.platform, counted.post_id, counted.metric, last_day, 'metric withdrawn', last_value, native_name
    from facts.campaign_counters as counted
    join facts.counters using (counter_id)
    join facts.posts on posts.platform = counted.platform and posts.post_id = counted.post_id
    where is_withdrawn and not is_gone

    union all

    select
        campaign_id,
        assignments.platform,
        assignments.post_id,
        '',
        (last_seen_at at time zone timezone)::date,
        'post gone',
        null,
        null
    from facts.assignments
    join registry.campaigns using (campaign_id)
    join facts.posts on posts.platform = assignments.platform and posts.post_id = assignments.post_id
    where is_gone
)

select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- views, shares, retweets …; empty where the post itself is gone.
    metric,
    -- Local day of it; the last day with a reading where a post is gone or a metric withdrawn.
    day,
    -- revised down: the platform took some of what it had told back, and the day keeps the loss; glitch set aside: a dip that the next
    -- reading undid, which no day feels; metric withdrawn: for two days and more the platform has left it out of answers that had told
    -- it; post gone: the platform says that there is no such post, or that we may not see it.
    kind,
    -- Asset that the post is an appearance of.
    any_value(asset_id) as asset_id,
    -- How much was taken back, how many readings were set aside, or at what total a withdrawn metric stands; null for a post.
    sum(amount)::bigint as amount,
    -- The platform's own name of the counter; null for a post.
    any_value(native_name) as native_name
from happened
join (select campaign_id, platform, post_id, asset_id from facts.assignments) as assigned using (campaign_id, platform, post_id)
where amount > 0 or kind in ('metric withdrawn', 'post gone')
group by campaign_id, platform, post_id, metric, day, kind
