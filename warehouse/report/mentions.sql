-- Hashtags and sites inside the campaign's window: mentions by anybody, and shares of their addresses.
-- Grain: kind, asset_id
with counted as (
    select campaign_id, 'hashtag' as kind, asset_id, day, mentions, null::bigint as shares, null::bigint as reactions
    from marts.hashtag_daily
    union all
    select campaign_id, 'site', asset_id, day, mentions, shares, reactions
    from marts.site_daily
)

select
    any_value(asset_title) as asset,
    kind,
    sum(mentions)::bigint as mentions,
    sum(shares)::bigint as "shares of the address",
    sum(reactions)::bigint as "reactions to it",
    min(day) as "from",
    max(day) as "to"
from counted
join registry.campaigns using (campaign_id)
left join (select campaign_id, asset_id, asset_title from registry.assets) using (campaign_id, asset_id)
where campaign_id = $campaign and day between starts and ends
group by kind, asset_id
order by kind, mentions desc nulls last, asset_id
