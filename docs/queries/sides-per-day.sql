-- How the sides stood in the last week: views and retweets per day, over all platforms.
SELECT
    side_name AS side, sum(views)::BIGINT AS views, sum(views_per_day)::BIGINT AS views_per_day,
    sum(retweets)::BIGINT AS retweets, sum(retweets_per_day)::BIGINT AS retweets_per_day
FROM sides_between('2019-12-06', '2019-12-12')
WHERE campaign_id = 'uk-general-election-2019'
GROUP BY side_name
ORDER BY views DESC
