-- How well each platform was read: polls that were due and polls got, and how well posts' days are known; and the same by day.
-- Grain: platform, day
--
-- The day is null in the rows that add up all days. Both come from one reading of the largest of all tables.
select
    platform,
    day,
    count(distinct post_id) as posts,
    sum(polls_expected)::bigint as due,
    sum(least(polls_expected, polls_got))::bigint as got,
    (100 * sum(least(polls_expected, polls_got)) / nullif(sum(polls_expected), 0))::decimal(4, 1) as "% got",
    count(*) filter (completeness = 'complete') as complete,
    count(*) filter (completeness = 'estimated') as estimated,
    count(*) filter (completeness = 'open') as open,
    count(*) filter (completeness = 'unobserved') as unobserved
from marts.coverage
where campaign_id = $campaign
group by grouping sets ((platform), (platform, day))
order by grouping(day) desc, platform, day
