-- Stretches of more than half a day in which nothing of a platform was read, by the campaign's clocks.
-- Grain: platform, starts
select
    platform,
    starts_at at time zone timezone as starts,
    ends_at at time zone timezone as ends
from marts.gaps
join registry.campaigns using (campaign_id)
where campaign_id = $campaign and hours > 12
order by platform, starts
