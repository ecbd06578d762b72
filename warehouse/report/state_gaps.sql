-- The stretches of the last seven days in which nothing of a platform was read though posts were due, latest first.
-- Grain: platform, starts_at
--
-- The last seven days before the newest reading: what is published has no clock. A reading at midnight ends the day before.
select
    platform,
    starts_at,
    ends_at,
    is_over,
    hours,
    polls_expected as polls_missed,
    polls_got,
    posts_affected as posts,
    first_day,
    ((ends_at - interval 1 microsecond) at time zone timezone)::date as last_day
from marts.gaps
join registry.campaigns using (campaign_id)
where campaign_id = $campaign and ends_at > $newest::timestamptz - interval 7 day
order by is_over, starts_at desc, platform
