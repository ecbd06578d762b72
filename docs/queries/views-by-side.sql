-- How the sides stand: what every post of each side gained inside the campaign's window.
SELECT side_name AS side, platform, views, shares, retweets
FROM marts.side_totals
JOIN registry.sides USING (campaign_id, side_id)
WHERE campaign_id = 'uk-general-election-2019'
ORDER BY platform, views DESC
