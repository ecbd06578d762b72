-- Which days of accounts, posts, hashtags and sites the answers have told as over, of everything that has landed.
-- Grain: object_type, object_id, day
select distinct
    -- account, post, hashtag or site.
    object_type,
    -- The platform's id of an account or a post; else the subject as it was asked for.
    object_id,
    -- Day of the platform's calendar.
    period.first_day as day
from (
    select object_type, object_id, unnest(periods) as period
    from sightings
    where object_type in ('account', 'post', 'hashtag', 'site')
)
where period.is_whole
    and period.first_day = period.last_day
    and period.first_day between $first_day and $last_day
order by object_type, object_id, day
