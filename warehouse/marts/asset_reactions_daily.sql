-- How people reacted to each asset: reactions of each type gained on each platform on each local day of the campaign.
-- Grain: campaign_id, asset_id, platform, reaction, day
-- Made: view
--
-- Of platforms that tell types. Where there is only one reaction, the like, it is in the reactions of marts.asset_platform_daily. The
-- types need not add up to the reactions there: a platform may have types that it does not tell.
with typed as (
    select
        campaign_id,
        name as asset_id,
        group_counters.platform as platform,
        replace(group_counters.metric, 'reactions_', '') as reaction,
        day,
        sum(gain)::bigint as reactions,
        max(list_position(['complete', 'estimated', 'open'], completeness)) as worst
    from facts.group_counters
    join facts.gains using (counter_id)
    where kind = 'asset on a platform'
        and starts_with(group_counters.metric, 'reactions_')
        -- All reactions to what was seen unpaid are no type.
        and group_counters.metric <> 'reactions_organic'
    group by all
)

select
    -- Campaign whose zone ends the day.
    typed.campaign_id as campaign_id,
    -- Side whose content the asset is.
    assets.side_id as side_id,
    -- Asset, or platform:post for a post that no asset lists.
    typed.asset_id as asset_id,
    -- Title of the asset.
    assets.asset_title as asset_title,
    -- Platform of the posts.
    platform,
    -- Type of the reaction: like, love, haha, wow, sad, angry …
    reaction,
    -- Local day.
    day,
    -- Reactions of the type gained; below zero when people took more back than they gave.
    reactions,
    -- As complete as the worst of its counters: complete, estimated or open.
    ['complete', 'estimated', 'open'][worst] as completeness
from typed
join facts.assets on assets.campaign_id = typed.campaign_id and assets.asset_id = typed.asset_id
