-- The rules by which assets take in posts that nobody listed.
-- Grain: campaign_id, asset_id, kind, pattern
with rules as (
    select campaign_id, asset.id as asset_id, asset."match" as rule
    from (
        select campaign.id as campaign_id, unnest(campaign.assets) as asset
        from (
            select unnest(from_json(body, '{"campaigns": [{
                "id": "VARCHAR",
                "assets": [{"id": "VARCHAR", "match": {
                    "text": ["VARCHAR"], "hashtags": ["VARCHAR"], "links": ["VARCHAR"], "same_video": "BOOLEAN"
                }}]
            }]}').campaigns) as campaign
            from registry_in_force
        )
    )
),

patterns as (
    select campaign_id, asset_id, 'text' as kind, unnest(rule.text) as pattern from rules
    union
    select campaign_id, asset_id, 'hashtag', unnest(rule.hashtags) from rules
    union
    select campaign_id, asset_id, 'link', unnest(rule.links) from rules
    union
    select campaign_id, asset_id, 'same video', '' from rules where rule.same_video
)

select
    -- Campaign.
    campaign_id,
    -- Asset that the rule belongs to.
    asset_id,
    -- text, hashtag, link or same video.
    kind,
    -- What the post must hold; empty for the same video, which has no words.
    pattern
from patterns
where kind = 'same video' or trim(pattern) <> ''
