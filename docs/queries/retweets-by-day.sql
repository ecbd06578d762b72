-- The same account's days, a week a row.
SELECT
    min(day) AS first_day, sum(retweets)::BIGINT AS week,
    string_agg(format('{:,}', retweets), '  ' ORDER BY day) AS each_day
FROM marts.account_daily
WHERE campaign_id = 'uk-general-election-2019' AND platform = 'x' AND handle = 'jeremycorbyn'
    AND day BETWEEN '2019-10-29' AND '2019-12-09'
GROUP BY (day - DATE '2019-10-29') // 7
ORDER BY first_day
