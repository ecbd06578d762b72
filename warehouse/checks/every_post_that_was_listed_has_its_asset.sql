-- No post counts under unassigned since the asset that listed it left the registry.
-- Severity: warning
select
    campaign_id,
    null::varchar as platform,
    asset_id as subject,
    format('has {:,} posts that no asset lists any more; list them, or name them in ignore', count(*)) as detail,
    null::date as first_day,
    null::date as last_day,
    count(*) as weight
from marts.posts
where assigned_by = 'unassigned'
group by campaign_id, asset_id
