-- What the platforms themselves give for days of posts that none of our counters covers.
-- Grain: campaign_id, platform, post_id, metric, day
-- Kept: days
--
-- Never added to what a counter gained: a day is either a counter's or the platform's.
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    assignments.platform as platform,
    -- The platform's id of the post.
    assignments.post_id as post_id,
    -- Canonical name: views, shares, retweets …
    canonical_name as metric,
    -- Day: the platform's, which the campaign's day of the same date stands for.
    day,
    -- What the platform says that the day brought.
    arg_min(value, (priority, native_name)) as value,
    -- The platform's own name of the value.
    arg_min(native_name, (priority, native_name)) as native_name,
    -- complete where the platform's day is the campaign's and whole; estimated where it ends at another midnight; open where only a
    -- part of it was seen.
    arg_min(
        case when not is_whole then 'open' when day_boundary = campaigns.timezone then 'complete' else 'estimated' end,
        (priority, native_name)
    ) as completeness
from facts.assignments
join registry.campaigns using (campaign_id)
join facts.platform_days on platform_days.platform = assignments.platform
    and platform_days.object_type = 'post'
    and platform_days.object_id = assignments.post_id
join scope.days using (campaign_id, day)
where breakdown = ''
    and not exists (
        from facts.campaign_counters
        join facts.gains using (counter_id)
        where campaign_counters.campaign_id = assignments.campaign_id
            and campaign_counters.platform = assignments.platform
            and campaign_counters.post_id = assignments.post_id
            and campaign_counters.metric = platform_days.canonical_name
            and gains.day = platform_days.day
            and gains.day >= getvariable('days_from')
    )
group by campaign_id, assignments.platform, assignments.post_id, canonical_name, day
