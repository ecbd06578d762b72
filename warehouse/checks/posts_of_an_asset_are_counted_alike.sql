-- On one platform, the posts of an asset that the team lists count their views in one way.
-- Severity: warning
select
    campaign_id,
    platform,
    asset_id || ' on ' || platform as subject,
    format(
        'adds up views that the platform counts in several ways ({}); say so beside the sum, as "What a view means" of the report does',
        string_agg(distinct native_name, ' and ' order by native_name)
    ) as detail,
    null::date as first_day,
    null::date as last_day,
    count(*) as weight
from facts.campaign_counters
join facts.assignments using (campaign_id, platform, post_id)
semi join registry.assets using (campaign_id, asset_id)
where metric = 'views'
group by campaign_id, asset_id, platform, metric
having count(distinct native_name) > 1
