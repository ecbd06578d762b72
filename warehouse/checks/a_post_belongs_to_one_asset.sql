-- Within a campaign a post is an appearance of one asset only.
select campaign_id, platform, post_id, count(distinct asset_id) as assets
from marts.post_daily
group by all
having count(distinct asset_id) > 1
