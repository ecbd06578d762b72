-- How often the campaign's hashtag was mentioned on X, in its last week.
SELECT day, mentions, completeness, day_boundary
FROM marts.hashtag_daily
WHERE campaign_id = 'uk-general-election-2019' AND day >= '2019-12-06'
ORDER BY day
