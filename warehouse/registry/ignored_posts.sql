-- The posts that must not count for a campaign, by any of their names.
-- Grain: campaign_id, platform, alias
select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    post.platform as platform,
    -- The name under which the registry gives it: its id, a video's id, page/number, or a link's token.
    post.alias as alias
from (
    select campaign.id as campaign_id, unnest(campaign."ignore") as post
    from (
        select unnest(from_json(body, '{"campaigns": [{
            "id": "VARCHAR", "ignore": [{"platform": "VARCHAR", "alias": "VARCHAR"}]
        }]}').campaigns) as campaign
        from registry_in_force
    )
)
