-- One account's retweets in two campaigns of different length.
SELECT
    campaign_name AS campaign, min(day) AS first_day, max(day) AS last_day, count(DISTINCT day) AS days,
    sum(retweets)::BIGINT AS retweets, (sum(retweets) / count(DISTINCT day))::BIGINT AS per_day
FROM marts.account_daily
JOIN registry.campaigns USING (campaign_id)
WHERE platform = 'x' AND handle = 'jeremycorbyn'
    AND (day BETWEEN '2019-10-29' AND '2019-12-09' OR day BETWEEN '2017-04-18' AND '2017-06-08')
GROUP BY campaign_name
ORDER BY first_day DESC
