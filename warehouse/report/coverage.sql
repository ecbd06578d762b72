-- How well each platform was read: polls that were due and polls got, and how well posts' days are known; and the same by day.
-- Grain: platform, day
--
-- The day is null in the rows that add up all days. Both come from one reading of the largest of all tables: once by post and once by
-- day, for a day has each post once, and to count which of them differ would take half as long again.
with parts as (
    select
        platform,
        post_id,
        day,
        count(*) as posts,
        sum(polls_expected) as due,
        sum(least(polls_expected, polls_got)) as got,
        count(*) filter (completeness = 'complete') as complete,
        count(*) filter (completeness = 'estimated') as estimated,
        count(*) filter (completeness = 'open') as open,
        count(*) filter (completeness = 'unobserved') as unobserved
    from marts.coverage
    where campaign_id = $campaign
    group by grouping sets ((platform, post_id), (platform, day))
)

select
    platform,
    day,
    -- All days together have a row of parts for each post.
    case when day is null then count(*) else any_value(posts) end as posts,
    sum(due)::bigint as due,
    sum(got)::bigint as got,
    (100 * sum(got) / nullif(sum(due), 0))::decimal(4, 1) as "% got",
    sum(complete)::bigint as complete,
    sum(estimated)::bigint as estimated,
    sum(open)::bigint as open,
    sum(unobserved)::bigint as unobserved
from parts
group by platform, day
order by day is not null, platform, day
