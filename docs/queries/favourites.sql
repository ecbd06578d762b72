-- The assets that the team tagged as its favourites, most viewed first, wherever they stand on the leaderboard.
SELECT views_rank AS rank, asset_title AS asset, views, shares, retweets
FROM marts.asset_totals
WHERE campaign_id = 'uk-general-election-2019' AND 'favourite' IN tags
ORDER BY views_rank
