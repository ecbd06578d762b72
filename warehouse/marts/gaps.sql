-- Stretches in which nothing of a platform was read though posts of the campaign were due.
-- Grain: campaign_id, platform, starts_at
-- Made: view
--
-- A gap lies between two readings of the platform that follow one another, and at least one post missed a poll in it: by age, at
-- least one and a half of the post's intervals went by; daily, a whole local day. Where n intervals went by, to the nearest whole
-- number, n - 1 polls were missed; the last one ended the gap, or may still come. The age and interval are the post's own, so the
-- post that is read most often decides. What no schedule asked for is no gap, nor is a post that was read late while others of
-- its platform were read (marts.coverage has that). Before the first reading of a platform there are none.
with newest as (
    select max(last_at) as read_at from summaries.platform_hours
),

readings as (
    select platform, last_at as starts_at, lead(first_at) over (partition by platform order by hour) as next_at
    from summaries.platform_hours
),

silences as (
    select platform, starts_at, coalesce(next_at, newest.read_at) as ends_at, next_at is not null as is_over
    from readings
    cross join newest
),

-- Those that a row of the schedule makes long enough, if there is a post of the age that it is for: few are, and posts are many.
long_enough as (
    select
        campaign_id,
        platform,
        starts_at,
        ends_at,
        is_over,
        ends_at - to_hours(from_age_hours) as born_before,
        case when cadence = 'by age' then starts_at - to_hours(to_age_hours) end as born_after
    from silences
    join registry.schedules using (platform)
    join registry.campaigns using (campaign_id)
    where case cadence
        when 'daily' then (ends_at at time zone timezone)::date - (starts_at at time zone timezone)::date > 1
        else epoch_us(ends_at) - epoch_us(starts_at) >= 1.5 * every_hours * 3600000000
    end
),

stretches as (
    select distinct long_enough.campaign_id, long_enough.platform, starts_at, ends_at, is_over
    from long_enough
    asof join facts.reading_spans on reading_spans.campaign_id = long_enough.campaign_id
        and reading_spans.platform = long_enough.platform
        and reading_spans.born_at < long_enough.born_before
    where reading_spans.born_at > coalesce(born_after, '-infinity'::timestamptz)
),

parts as (
    select
        campaign_id,
        platform,
        post_id,
        starts_at,
        ends_at,
        is_over,
        greatest(starts_at, due_from) as part_from,
        least(ends_at, due_until) as part_until,
        reading_spans.timezone,
        cadence,
        tiers,
        epoch_us(greatest(starts_at, due_from)) - epoch_us(born_at) as from_us,
        epoch_us(least(ends_at, due_until)) - epoch_us(born_at) as to_us,
        (greatest(starts_at, due_from) at time zone reading_spans.timezone)::date as first_day,
        (least(ends_at, due_until) at time zone reading_spans.timezone)::date as last_day
    from stretches
    join facts.reading_spans using (campaign_id, platform)
    where cadence is not null and due_from < ends_at and due_until > starts_at
),

missed as (
    select
        *,
        case cadence
            when 'daily' then last_day - first_day - 1
            -- Rounded first: parts of intervals are added up.
            else floor(round(list_sum(list_transform(
                tiers,
                lambda tier: (
                    greatest(least(to_us, tier.to_us) - tier.from_us, 0) - greatest(least(from_us, tier.to_us) - tier.from_us, 0)
                ) / tier.every_us
            )), 6) + 0.5) - 1
        end::bigint as polls
    from parts
),

affected as (
    select * from missed where polls > 0
),

-- Hours of each day in which an export that was imported has a reading: bit 1 of the sources. Compared as a number it spares the scan
-- what has none.
imported as (
    select campaign_id, platform, post_id, day, bit_or(hours) as hours
    from facts.campaign_counters
    join summaries.counter_days using (counter_id)
    where sources >= 2
    group by all
),

-- The hours of the day that lie between the two readings, not those in which they fall.
hours as (
    select
        campaign_id,
        affected.platform,
        starts_at,
        hours,
        case
            when starts_at < midnight then 0
            else least((epoch_us(starts_at) - epoch_us(midnight)) // 3600000000 + 1, 26)
        end::integer as first_hour,
        least((epoch_us(affected.ends_at) - epoch_us(midnight)) // 3600000000, 26)::integer as until_hour
    from affected
    join imported using (campaign_id, platform, post_id)
    join facts.midnights on midnights.timezone = affected.timezone and midnights.day = imported.day
    where imported.day between first_day and last_day
),

got as (
    select
        campaign_id,
        platform,
        starts_at,
        sum(bit_count(hours & ((1 << until_hour) - (1 << first_hour)))) as polls_got
    from hours
    where until_hour > first_hour
    group by all
),

gaps as (
    select
        campaign_id,
        platform,
        min(part_from) as starts_at,
        max(part_until) as ends_at,
        any_value(is_over) or max(part_until) < any_value(affected.ends_at) as is_over,
        timezone,
        sum(polls)::bigint as polls_expected,
        count(*) as posts_affected,
        any_value(polls_got) as polls_got
    from affected
    left join got using (campaign_id, platform, starts_at)
    group by campaign_id, platform, timezone, affected.starts_at
)

select
    -- Campaign whose posts were due.
    campaign_id,
    -- Platform of which nothing was read.
    platform,
    -- Last reading before, or when the first of the posts became due.
    starts_at,
    -- First reading after, or when the last of them was due no more; the newest reading of any platform while the gap lasts.
    ends_at,
    -- How long it was.
    round((epoch_us(ends_at) - epoch_us(starts_at)) / 3600000000, 1) as hours,
    -- Polls that its posts missed.
    polls_expected,
    -- Hours of its posts for which an export, imported by hand, has a reading all the same; 0 where nothing brought them back.
    coalesce(polls_got, 0)::bigint as polls_got,
    -- Posts that missed one.
    posts_affected,
    -- First local day that it touches.
    (starts_at at time zone timezone)::date as first_day,
    -- Last local day that it touches.
    (ends_at at time zone timezone)::date as last_day,
    -- False while the platform has not been read since and the posts are still to be.
    is_over
from gaps
