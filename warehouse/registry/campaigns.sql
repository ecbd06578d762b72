-- The campaigns of the registry in force.
-- Grain: campaign_id
select
    -- Name of the campaign in paths and queries.
    campaign.id as campaign_id,
    -- Name of the campaign for people.
    campaign.name as campaign_name,
    -- First local day.
    campaign.starts as starts,
    -- Last local day, inclusive.
    campaign.ends as ends,
    -- IANA zone whose midnight ends a day.
    campaign.timezone as timezone
from (
    select unnest(from_json(body, '{"campaigns": [{
        "id": "VARCHAR", "name": "VARCHAR", "starts": "DATE", "ends": "DATE", "timezone": "VARCHAR"
    }]}').campaigns) as campaign
    from registry_in_force
)
