-- How well each platform was read: polls that were due and polls got, and how well posts' days are known.
-- Grain: platform
select
    platform,
    count(distinct post_id) as posts,
    sum(polls_expected)::bigint as "polls due",
    sum(least(polls_expected, polls_got))::bigint as "of these got",
    (100 * sum(least(polls_expected, polls_got)) / nullif(sum(polls_expected), 0))::decimal(4, 1) as "% got",
    count(*) filter (completeness = 'complete') as "post days complete",
    count(*) filter (completeness = 'estimated') as "estimated",
    count(*) filter (completeness = 'open') as "open",
    count(*) filter (completeness = 'unobserved') as "unobserved"
from marts.coverage
where campaign_id = $campaign
group by platform
order by platform
