-- Reactions of each type that our side's posts got on each platform on each local day of the campaign.
-- Grain: platform, reaction, day
select
    platform,
    reaction,
    day,
    sum(reactions)::bigint as reactions,
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], completeness))] as completeness
from marts.asset_reactions_daily
join registry.sides using (campaign_id, side_id)
join registry.campaigns using (campaign_id)
where campaign_id = $campaign and is_ours and day between starts and ends
group by platform, reaction, day
order by platform, reaction, day
