-- How often each hashtag of a campaign was mentioned on each day of the campaign's window.
-- Grain: campaign_id, asset_id, day
-- Made: view
--
-- Days are those of the platform that counts (day_boundary), not the campaign's local ones. Hashtag assets have no posts of
-- their own to count: asset_daily and asset_totals show only what posts that belong to them gained.
select
    -- Campaign.
    campaign_id,
    -- Side whose hashtag it is.
    any_value(side_id) as side_id,
    -- Asset of the kind hashtag.
    asset_id,
    -- Title of the asset.
    any_value(asset_title) as asset_title,
    -- Day of the platform's calendar.
    day,
    -- Mentions by anybody, over the platforms that count them; retweets among them where the platform counts those.
    sum(mentions)::bigint as mentions,
    -- complete, or open for a day of which only a part has been seen.
    case when bool_and(is_whole) then 'complete' else 'open' end as completeness,
    -- Whose midnight ends the day.
    string_agg(distinct day_boundary, ', ' order by day_boundary) as day_boundary,
    -- The hashtag, in lower case.
    any_value(object_id) as hashtag,
    -- When the latest of the answers came.
    max(observed_at) as observed_at
from registry.assets
join registry.campaigns using (campaign_id)
join facts.subject_mentions on subject_mentions.object_type = 'hashtag'
    and subject_mentions.object_id = '#' || lower(assets.hashtag)
where assets.kind = 'hashtag' and day between starts and ends
group by campaign_id, asset_id, day
