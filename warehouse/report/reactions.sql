-- How people reacted to our side inside the campaign's window: reactions by type on each platform, and what part of all they are.
-- Grain: platform, reaction
--
-- A platform that knows one reaction alone, or tells no types, has the row of all only. Types need not add up to it: a platform may
-- count reactions whose type it does not tell.
with typed as (
    select platform, reaction, sum(reactions)::bigint as reactions
    from marts.asset_reactions_daily
    join registry.campaigns using (campaign_id)
    join registry.sides using (campaign_id, side_id)
    where campaign_id = $campaign and is_ours and day between starts and ends
    group by platform, reaction
),

totals as (
    select platform, sum(reactions)::bigint as reactions
    from marts.side_totals
    join registry.sides using (campaign_id, side_id)
    where campaign_id = $campaign and is_ours
    group by platform
    having count(reactions) > 0
)

select
    platform,
    coalesce(reaction, 'all') as reaction,
    told.reactions as reactions,
    try_cast(100 * told.reactions::double / nullif(totals.reactions, 0) as decimal(9, 1)) as "% of all"
from (
    from typed
    union all
    select platform, null, reactions
    from totals
) as told
left join totals using (platform)
order by totals.reactions desc nulls last, platform, told.reaction is not null, told.reactions desc nulls last, told.reaction
