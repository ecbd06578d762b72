-- How often the campaign's sites were shared on Facebook and named on X, in its last days.
SELECT asset_title AS site, day, shares, reactions, mentions, completeness
FROM marts.site_daily
WHERE campaign_id = 'uk-general-election-2019' AND day BETWEEN '2019-12-10' AND '2019-12-12'
ORDER BY site, day
