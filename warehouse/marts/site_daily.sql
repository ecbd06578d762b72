-- How often each site of a campaign was shared and mentioned on each day of the campaign's window.
-- Grain: campaign_id, asset_id, day
-- Made: view
--
-- Shares, reactions and comments are what the platforms' lifetime counters of the address moved on the campaign's local day;
-- mentions are counted by the platform on days of its own (mentions_day_boundary). Site assets have no posts of their own to
-- count: asset_daily and asset_totals show only what posts that belong to them gained.
with sites as (
    select campaign_id, side_id, asset_id, asset_title, url, timezone, starts, ends
    from registry.assets
    join registry.campaigns using (campaign_id)
    where kind = 'site'
),

gained as (
    select
        campaign_id,
        asset_id,
        day,
        (sum(gain) filter (site_counters.metric = 'shares'))::bigint as shares,
        (sum(gain) filter (site_counters.metric = 'reactions'))::bigint as reactions,
        (sum(gain) filter (site_counters.metric = 'comments'))::bigint as comments,
        max(list_position(['complete', 'estimated', 'open'], completeness)) as worst,
        bool_or(gain < 0 or taken_back > 0) as was_revised_down
    from sites
    join facts.site_counters on site_counters.object_id = sites.url
    join facts.counters on counters.timezone = sites.timezone
        and counters.platform = site_counters.platform
        and counters.object_type = 'site'
        and counters.object_id = site_counters.object_id
        and counters.metric = site_counters.native_name
    join facts.gains using (counter_id)
    where site_counters.metric in ('shares', 'reactions', 'comments')
        and day between starts and ends
    group by all
),

mentioned as (
    select
        campaign_id,
        asset_id,
        day,
        sum(mentions)::bigint as mentions,
        case when bool_and(is_whole) then 1 else 3 end as worst,
        string_agg(distinct day_boundary, ', ' order by day_boundary) as day_boundary
    from sites
    join facts.subject_mentions on subject_mentions.object_type = 'site' and subject_mentions.object_id = sites.url
    where day between starts and ends
    group by all
)

select
    -- Campaign.
    campaign_id,
    -- Side whose site it is.
    sites.side_id as side_id,
    -- Asset of the kind site.
    asset_id,
    -- Title of the asset.
    sites.asset_title as asset_title,
    -- Day: the campaign's local one for shares, reactions and comments, the platform's for mentions.
    day,
    -- Shares of the address gained; null where no counter was read.
    gained.shares as shares,
    -- Reactions to posts with the address gained.
    gained.reactions as reactions,
    -- Comments on posts with the address gained.
    gained.comments as comments,
    -- Posts by anybody that name the address; null where no platform counted.
    mentioned.mentions as mentions,
    -- As complete as the worst of its counters and counts: complete, estimated or open.
    ['complete', 'estimated', 'open'][greatest(gained.worst, mentioned.worst)] as completeness,
    -- Whose midnight ends the day for mentions; null where there are none.
    mentioned.day_boundary as mentions_day_boundary,
    -- Whether a platform took something back from one of its counters.
    coalesce(gained.was_revised_down, false) as was_revised_down
from gained
full join mentioned using (campaign_id, asset_id, day)
join sites using (campaign_id, asset_id)
