-- One asset's daily gains over all its posts, with how well each day is known.
SELECT day, views, shares, retweets, completeness
FROM marts.asset_daily
WHERE campaign_id = 'uk-general-election-2019' AND asset_id = 'our-wonderful-nhs'
    AND day <= '2019-12-12'
ORDER BY day
