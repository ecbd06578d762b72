-- One account's retweets in two campaigns of different length, in all and per day.
SELECT campaign_name AS campaign, days, retweets, retweets_per_day::BIGINT AS per_day, completeness
FROM (
    FROM retweets_between('jeremycorbyn', '2019-10-29', '2019-12-09')
    UNION ALL
    FROM retweets_between('jeremycorbyn', '2017-04-18', '2017-06-08')
)
WHERE platform = 'x'
ORDER BY days
