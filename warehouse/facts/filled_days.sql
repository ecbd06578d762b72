-- What the platforms themselves give for days of posts that none of our counters covers.
-- Grain: campaign_id, platform, post_id, metric, day
-- Kept: days
--
-- Never added to what a counter gained. A platform's day ends at another midnight than the campaign's, so one that reaches into the
-- time between a counter's first reading (or its zero at creation) and its last is left out, as is one whose date has a counter's gain.
with counted as (
    select
        campaign_id,
        platform,
        post_id,
        metric,
        coalesce(zero_at, first_at) as counted_from,
        last_at as counted_until,
        (coalesce(zero_at, first_at) at time zone timezone)::date as first_day,
        last_day
    from facts.campaign_counters
    join (select counter_id, timezone, zero_at, first_at, last_at from facts.counters) as counters using (counter_id)
),

given as (
    select
        assignments.campaign_id,
        timezone,
        assignments.platform,
        assignments.post_id,
        canonical_name as metric,
        platform_days.day,
        value,
        native_name,
        priority,
        is_whole,
        day_boundary,
        timezone(day_boundary, platform_days.day::timestamp) as begins_at,
        timezone(day_boundary, (platform_days.day + 1)::timestamp) as ends_at
    from facts.assignments
    join registry.campaigns using (campaign_id)
    join facts.platform_days on platform_days.platform = assignments.platform
        and platform_days.object_type = 'post'
        and platform_days.object_id = assignments.post_id
    join scope.days on days.campaign_id = assignments.campaign_id and days.day = platform_days.day
    where breakdown = ''
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- Canonical name: views, shares, retweets …
    metric,
    -- Day: the platform's, which the campaign's day of the same date stands for.
    day,
    -- What the platform says that the day brought.
    arg_min(value, (priority, native_name)) as value,
    -- The platform's own name of the value.
    arg_min(native_name, (priority, native_name)) as native_name,
    -- complete where the platform's day is the campaign's and whole; estimated where it ends at another midnight; open where only a
    -- part of it was seen.
    arg_min(
        case
            when not is_whole then 'open'
            when begins_at = timezone(timezone, day::timestamp) and ends_at = timezone(timezone, (day + 1)::timestamp)
                then 'complete'
            else 'estimated'
        end,
        (priority, native_name)
    ) as completeness
from given
where not exists (
    from counted
    where counted.campaign_id = given.campaign_id
        and counted.platform = given.platform
        and counted.post_id = given.post_id
        and counted.metric = given.metric
        and ((ends_at > counted_from and begins_at < counted_until) or day between first_day and last_day)
)
group by campaign_id, platform, post_id, metric, day
