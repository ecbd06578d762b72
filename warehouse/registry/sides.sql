-- Who campaigns: ours or a rival.
-- Grain: campaign_id, side_id
select
    -- Campaign.
    campaign_id,
    -- Name of the side in queries.
    side.id as side_id,
    -- Name of the side for people.
    side.name as side_name,
    -- Whether this is the side that runs the registry.
    side.ours as is_ours,
    -- Colour of the side in charts, as #rrggbb; null where the team gave none.
    side.color as color,
    -- Place in the registry file, from 1.
    position
from (
    select campaign_id, side, position
    from (
        select campaign.id as campaign_id, campaign.sides as sides
        from (
            select unnest(from_json(body, '{"campaigns": [{
                "id": "VARCHAR", "sides": [{"id": "VARCHAR", "name": "VARCHAR", "ours": "BOOLEAN", "color": "VARCHAR"}]
            }]}').campaigns) as campaign
            from registry_in_force
        )
    ),
    unnest(sides) with ordinality as named(side, position)
)
