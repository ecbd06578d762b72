-- The campaign's listed assets, most viewed first, over every platform they appeared on.
SELECT views_rank AS rank, asset_title AS asset, views, shares, retweets
FROM marts.asset_totals
WHERE campaign_id = 'uk-general-election-2019' AND is_listed
ORDER BY views_rank
