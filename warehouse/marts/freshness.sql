-- How far each platform's readings have come, beside the newest reading of any platform: the tables have no clock of their own.
-- Grain: platform
-- Made: view
with newest as (
    select max(last_at) as read_at from summaries.platform_hours
),

read as (
    select platform, max(last_at) as newest_reading_at from summaries.platform_hours group by all
),

seen as (
    select platform, max(last_seen_at) as newest_sighting_at from summaries.sightings group by all
),

last_read as (
    select campaign_id, campaign_counters.platform, post_id, max(last_at) as last_at
    from facts.campaign_counters
    join facts.counters using (counter_id)
    where is_of_the_post
    group by all
),

parts as (
    select
        platform,
        post_id,
        last_at,
        cadence,
        tiers,
        coalesce(due_until > newest.read_at, true) and due_from <= newest.read_at as is_live,
        epoch_us(greatest(last_at, due_from)) - epoch_us(born_at) as from_us,
        epoch_us(newest.read_at) - epoch_us(born_at) as to_us,
        (greatest(last_at, due_from) at time zone timezone)::date as first_day,
        (newest.read_at at time zone timezone)::date as last_day,
        newest.read_at
    from facts.reading_spans
    cross join newest
    left join last_read using (campaign_id, platform, post_id)
),

posts as (
    select
        platform,
        post_id,
        max(last_at) as last_at,
        bool_or(is_live) as is_live,
        bool_or(
            is_live
            and case cadence
                when 'daily' then last_day - first_day > 1
                -- Rounded first: parts of intervals are added up.
                else round(list_sum(list_transform(
                    tiers,
                    lambda tier: (
                        greatest(least(to_us, tier.to_us) - tier.from_us, 0) - greatest(least(from_us, tier.to_us) - tier.from_us, 0)
                    ) / tier.every_us
                )), 6) >= 1.5
            end
        ) as is_late
    from parts
    group by all
),

counted as (
    select
        platform,
        count(*) as posts,
        count(*) filter (last_at > newest.read_at - interval 24 hour) as posts_read,
        count(*) filter (is_live) as posts_due,
        case when bool_or(is_late is not null) then count(*) filter (is_late) end as posts_late
    from posts
    cross join newest
    group by platform
)

select
    -- Platform.
    platform,
    -- Newest answer that told a counter of a post; null when none did.
    newest_reading_at,
    -- Newest answer that showed anything of the platform.
    newest_sighting_at,
    -- Hours between its newest reading and the newest of any platform.
    round((epoch_us(newest.read_at) - epoch_us(newest_reading_at)) / 3600000000, 1) as hours_behind,
    -- Posts that count for some campaign.
    coalesce(posts, 0)::bigint as posts_counted,
    -- Those read in the twenty-four hours before the newest reading of any platform.
    coalesce(posts_read, 0)::bigint as posts_read_last_day,
    -- Those that are still to be read.
    coalesce(posts_due, 0)::bigint as posts_due,
    -- Those of them that have missed a poll since they were read last, counted as in marts.gaps; null where no schedule is known.
    posts_late
from seen
left join read using (platform)
left join counted using (platform)
cross join newest
