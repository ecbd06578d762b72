-- What went another way than up with the numbers, by kind.
-- Grain: kind, platform, metric
select
    kind as what,
    platform,
    nullif(metric, '') as metric,
    count(*) as times,
    count(distinct post_id) as posts,
    case when kind = 'revised down' then sum(amount) end::bigint as "taken back in all",
    min(day) as "first",
    max(day) as "last"
from marts.incidents
where campaign_id = $campaign
group by kind, platform, metric
order by kind, platform, metric
