-- The longest stretches in which nothing of a platform was read though posts were due.
-- Grain: platform, starts_at
select
    platform,
    starts_at as "from",
    ends_at as "to",
    hours,
    posts_affected as posts,
    polls_expected as "polls missed",
    polls_got as "got back by imports",
    case when is_over then 'over' else 'not over' end as state,
    count(*) over () as "of gaps in all"
from marts.gaps
where campaign_id = $campaign
order by is_over, hours desc, starts_at desc, platform
limit 15
