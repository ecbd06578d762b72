-- The assets that the campaign's team listed.
-- Grain: campaign_id, asset_id
select
    -- Campaign.
    campaign_id,
    -- Name of the asset in queries.
    asset.id as asset_id,
    -- Title for people.
    asset.title as asset_title,
    -- Side whose content it is.
    asset.side as side_id,
    -- video, image, text, site or hashtag.
    asset.kind as kind,
    -- Free labels of the team, such as favourite.
    coalesce(asset.tags, []) as tags,
    -- Tone as the team judged it; null when it did not.
    asset.tone as tone,
    -- Address of a site, exactly as the registry gives it; null for other kinds.
    asset.url as url,
    -- Word of a hashtag, without #; null for other kinds.
    asset.hashtag as hashtag,
    -- Place in the registry file, from 1.
    position
from (
    select campaign_id, asset, position
    from (
        select campaign.id as campaign_id, campaign.assets as assets
        from (
            select unnest(from_json(body, '{"campaigns": [{
                "id": "VARCHAR",
                "assets": [{"id": "VARCHAR", "title": "VARCHAR", "side": "VARCHAR", "kind": "VARCHAR",
                            "tags": ["VARCHAR"], "tone": "VARCHAR", "url": "VARCHAR", "hashtag": "VARCHAR"}]
            }]}').campaigns) as campaign
            from registry_in_force
        )
    ),
    unnest(assets) with ordinality as listed(asset, position)
)
