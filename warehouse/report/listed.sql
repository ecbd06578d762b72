-- How many assets with posts the campaign's team lists, and how many of them were read.
-- Grain: listed
select
    (select count(*) from registry.assets where campaign_id = $campaign and kind not in ('hashtag', 'site')) as listed,
    (select count(*) from marts.asset_totals where campaign_id = $campaign and is_listed) as read
