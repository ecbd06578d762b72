-- Every post that an asset of a campaign that has begun lists has been seen, under one of its names.
-- Severity: warning
with refused as (
    select platform, object_id as alias, max(greatest(gone_at, withheld_at)) as refused_at
    from summaries.sightings
    where object_type in ('post', 'media')
    group by all
)

select
    campaign_id,
    platform,
    platform || ':' || alias as subject,
    format(
        'is listed by {} and {}; open it to see whether it is there, and mend the line in the registry',
        asset_id,
        case when refused_at is null then 'was never shown' else 'the platform says that it is not there' end
    ) as detail,
    (refused_at at time zone timezone)::date as first_day,
    null::date as last_day,
    1 as weight
from registry.listed_posts
join registry.campaigns using (campaign_id)
semi join facts.posts using (platform)
anti join facts.post_names using (platform, alias)
anti join registry.ignored_posts using (campaign_id, platform, alias)
left join refused using (platform, alias)
where starts <= (select max(last_at)::date from facts.counters)
