-- Every post that counts is in the marts under its asset, and every asset whose posts have counters has its totals.
-- Severity: error
select campaign_id, platform, post_id, coalesce(assignments.asset_id, posts.asset_id) as asset_id
from facts.assignments
full join marts.posts using (campaign_id, platform, post_id)
where assignments.asset_id is distinct from posts.asset_id or assignments.side_id is distinct from posts.side_id
union all
select campaign_id, null, null, asset_id
from (
    select distinct campaign_id, asset_id
    from marts.posts
    semi join facts.post_counters using (platform, post_id)
) as counted
full join marts.asset_totals using (campaign_id, asset_id)
where counted.asset_id is null or asset_totals.asset_id is null
