-- How each post was read on each local day, against what was due: polls expected and got, the longest gap, and how well its gains are known.
-- Grain: campaign_id, platform, post_id, day
-- Made: view
--
-- From the post's creation or the campaign's first day to the newest day on which its platform was read, while it was there and to
-- be read. What was due follows from the schedule that was in force (registry.schedules): by age, a poll whenever so many hours of
-- the post's life are over; daily, one poll each local day. Where no schedule is known, what was due is null.
with newest as (
    select platform, max(last_at) as read_at from summaries.platform_hours group by all
),

-- A post has a number here: two integers are grouped and joined by in a third of the time that names take.
spans as (
    select *, dense_rank() over (partition by campaign_id order by platform, post_id)::integer as number
    from facts.reading_spans
),

-- The part of each day in which the post could be due; on the newest day, up to the newest reading.
days as (
    select
        spans.*,
        midnights.day,
        midnights.midnight,
        greatest(midnights.midnight, due_from) as part_from,
        least(midnights.ends_at, due_until, newest.read_at + interval 1 microsecond) as part_until
    from spans
    join newest using (platform)
    join facts.midnights on midnights.timezone = spans.timezone
        and midnights.day between (due_from at time zone spans.timezone)::date
            and (least(due_until - interval 1 microsecond, newest.read_at) at time zone spans.timezone)::date
),

counters as (
    select campaign_id, number, counter_id, is_of_the_post
    from facts.campaign_counters
    join spans using (campaign_id, platform, post_id)
),

told as (
    select campaign_id, number, day, polls, hours, null as known
    from counters
    join summaries.counter_days using (counter_id)
    where is_of_the_post

    union all

    -- As marts.post_daily has it, without adding up what each metric gained.
    select campaign_id, number, day, null, null, list_position(['complete', 'estimated', 'open'], completeness)
    from counters
    join facts.gains using (counter_id)

    union all

    select campaign_id, number, day, null, null, list_position(['complete', 'estimated', 'open'], completeness)
    from facts.filled_days
    join spans using (campaign_id, platform, post_id)
),

known as (
    select campaign_id, number, day, max(polls) as polls, bit_or(hours) as hours, max(known) as worst
    from told
    group by campaign_id, number, day
),

counted as (
    select
        days.*,
        case cadence
            when 'daily' then 1
            else list_sum(list_transform(
                tiers,
                lambda tier:
                    greatest(least(epoch_us(part_until) - epoch_us(born_at) - 1, tier.to_us) - tier.from_us, 0) // tier.every_us
                    - greatest(least(epoch_us(part_from) - epoch_us(born_at) - 1, tier.to_us) - tier.from_us, 0) // tier.every_us
            ))
        end::bigint as polls_expected,
        coalesce(polls, 0)::bigint as polls_got,
        -- The whole hours of the part, counted from midnight; a 1 where a reading fell into the hour.
        (epoch_us(part_from) - epoch_us(midnight) + 3599999999) // 3600000000 as first_hour,
        substr(
            reverse(lpad(bin(coalesce(hours, 0)), 26, '0')),
            ((epoch_us(part_from) - epoch_us(midnight) + 3599999999) // 3600000000)::bigint + 1,
            greatest((epoch_us(part_until) - epoch_us(midnight)) // 3600000000
                - (epoch_us(part_from) - epoch_us(midnight) + 3599999999) // 3600000000, 0)::bigint
        ) as read_hours,
        coalesce(['complete', 'estimated', 'open'][worst], 'unobserved') as completeness
    from days
    left join known using (campaign_id, number, day)
),

measured as (
    select *, list_max(list_transform(string_split(read_hours, '1'), lambda run: length(run)))::integer as longest_gap_hours
    from counted
),

placed as (
    select
        *,
        midnight + to_hours((first_hour + strpos(read_hours, repeat('0', longest_gap_hours)) - 1)::integer) as starts_at
    from measured
)

select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    account_id,
    -- Asset that the post is an appearance of.
    asset_id,
    -- Local day.
    day,
    -- Polls that were due in the day; on the newest day, until the platform's newest reading. Null where no schedule is known.
    polls_expected,
    -- Readings of the day: those of its best-read counter, imported ones and glitches among them.
    polls_got,
    -- Most whole hours of the day on end without a reading, counted from the local midnight.
    longest_gap_hours,
    -- When the longest of them begin; null where every hour has a reading.
    case when longest_gap_hours > 0 then starts_at end as gap_starts_at,
    -- When they end.
    case when longest_gap_hours > 0 then starts_at + to_hours(longest_gap_hours) end as gap_ends_at,
    -- As complete as the worst of its metrics' gains of the day: complete, estimated or open; unobserved where there is none.
    completeness,
    -- Whether nothing was got though something was due; null where no schedule is known.
    polls_expected > 0 and polls_got = 0 as is_gap
from placed
