-- Within a campaign a post is an appearance of one asset only, however many list it, catch it, or show its counters.
-- Severity: error
select campaign_id, platform, post_id, count(distinct asset_id) as assets
from (
    select campaign_id, platform, post_id, asset_id from marts.posts
    union all
    select campaign_id, platform, post_id, asset_id from facts.assignments
) as appearances
group by all
having count(distinct asset_id) > 1
