-- Whether the message stayed positive: the campaign's assets by the tone that its team gave them, and what each tone reached.
SELECT tone, count(*) AS assets, sum(views)::BIGINT AS views, (100 * sum(views) / sum(sum(views)) OVER ())::DECIMAL(4, 1) AS "views %"
FROM marts.asset_totals
JOIN marts.assets USING (campaign_id, asset_id)
WHERE campaign_id = 'uk-general-election-2019' AND tone IS NOT NULL
GROUP BY tone
ORDER BY views DESC
