-- The colour that each side chose for itself, and which sides are ours, in the order of the registry.
-- Grain: side_id
select
    side_id,
    color,
    is_ours
from registry.sides
where campaign_id = $campaign
order by position
