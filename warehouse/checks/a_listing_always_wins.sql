-- A post that an asset lists belongs to that asset, whatever rules catch it; a rule takes only posts of its own asset's side.
-- Severity: error
select campaign_id, platform, post_id, posts.asset_id
from marts.posts
left join facts.listings using (campaign_id, platform, post_id)
left join facts.account_posts using (campaign_id, platform, post_id)
where (listings.asset_id is not null and (posts.asset_id <> listings.asset_id or assigned_by <> 'listed'))
    or (listings.asset_id is null and assigned_by = 'listed')
    or (assigned_by not in ('listed', 'unassigned', 'itself') and posts.side_id is distinct from account_posts.side_id)
    or (assigned_by = 'unassigned') <> (posts.asset_id = 'unassigned' or starts_with(posts.asset_id, 'unassigned:'))
    or (assigned_by = 'itself') <> (posts.asset_id = posts.platform || ':' || post_id)
