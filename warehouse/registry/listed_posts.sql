-- The posts that assets list, by any of their names.
-- Grain: campaign_id, platform, alias
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    post.platform as platform,
    -- The name under which it was listed: its id, a video's id, page/number, or a link's token.
    post.alias as alias,
    -- Asset that the post is an appearance of.
    asset_id
from (
    select campaign_id, asset.id as asset_id, unnest(asset.posts) as post
    from (
        select campaign.id as campaign_id, unnest(campaign.assets) as asset
        from (
            select unnest(from_json(body, '{"campaigns": [{
                "id": "VARCHAR", "assets": [{"id": "VARCHAR", "posts": [{"platform": "VARCHAR", "alias": "VARCHAR"}]}]
            }]}').campaigns) as campaign
            from registry_in_force
        )
    )
)
