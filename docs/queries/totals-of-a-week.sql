-- What the campaign's assets gained in its last week, most viewed first.
SELECT
    asset_title AS asset, views, shares, retweets, views_per_day::BIGINT AS views_per_day,
    days_complete AS complete, days_estimated AS estimated, days_open AS open
FROM totals_between('2019-12-06', '2019-12-12')
SEMI JOIN marts.assets USING (campaign_id, asset_id)
WHERE campaign_id = 'uk-general-election-2019' AND views > 0
ORDER BY views DESC
