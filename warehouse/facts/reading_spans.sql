-- From when to when each counted post was to be read for a campaign, and how often.
-- Grain: campaign_id, platform, post_id
--
-- From its creation, or the campaign's beginning where that is later, until the campaign's posts are no longer read or the post was
-- last shown. A post of which nobody says when it was made begins when it was first seen.
with schedules as (
    select
        campaign_id,
        platform,
        any_value(read_until) as read_until,
        any_value(cadence) as cadence,
        list(
            {
                'from_us': from_age_hours * 3600000000,
                'to_us': coalesce(to_age_hours, 1000000000) * 3600000000,
                'every_us': every_hours * 3600000000
            }
            order by from_age_hours
        ) as tiers
    from registry.schedules
    group by all
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    assignments.account_id as account_id,
    -- Asset that the post is an appearance of.
    assignments.asset_id as asset_id,
    -- Zone whose midnights end the days.
    campaigns.timezone as timezone,
    -- When its age began.
    coalesce(created_at, first_seen_at) as born_at,
    -- First moment at which it could be due.
    greatest(coalesce(created_at, first_seen_at), coalesce(begun.midnight, starts::timestamp at time zone campaigns.timezone)) as due_from,
    -- First moment at which it is due no more; null while it is shown and no schedule is known.
    least(
        coalesce(ended.ends_at, (read_until + 1)::timestamp at time zone campaigns.timezone),
        case when is_gone then last_seen_at + interval 1 microsecond end
    ) as due_until,
    -- by age or daily; null where no schedule is known, and with it what was due.
    cadence,
    -- How often it is read at which age, in microseconds.
    tiers
from facts.assignments
join registry.campaigns using (campaign_id)
join facts.posts using (platform, post_id)
left join schedules using (campaign_id, platform)
-- Days of which nothing is known are not among them; where 00:00 comes twice, only these have the first.
left join facts.midnights as begun on begun.timezone = campaigns.timezone and begun.day = campaigns.starts
left join facts.midnights as ended on ended.timezone = campaigns.timezone and ended.day = schedules.read_until
