-- Which posts are added up together: those of an asset, of an asset on one platform, of an account, and of a side on one platform.
-- Grain: campaign_id, kind, name, platform, post_platform, post_id
select
    -- Campaign.
    campaign_id,
    -- asset, asset on a platform, account or side.
    kind,
    -- Asset, the platform's id of the account, or side.
    name,
    -- Platform of the posts; empty for an asset over all platforms.
    grouped.platform as platform,
    -- Platform of the post.
    assignments.platform as post_platform,
    -- The platform's id of the post.
    post_id
from facts.assignments,
lateral (
    select unnest([
        {'kind': 'asset', 'name': asset_id, 'platform': ''},
        {'kind': 'asset on a platform', 'name': asset_id, 'platform': assignments.platform},
        {'kind': 'account', 'name': account_id, 'platform': assignments.platform},
        {'kind': 'side', 'name': side_id, 'platform': assignments.platform}
    ], recursive := true)
) as grouped
where name is not null
