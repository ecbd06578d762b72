-- What share of each audience saw our advertising: an interval, because audiences are estimated as ranges.
SELECT
    audience_label AS audience, reach, audience_low, audience_high,
    (100 * share_low)::DECIMAL(4, 1) AS "from %", (100 * share_high)::DECIMAL(4, 1) AS "to %", kind, as_of
FROM marts.reach_share
WHERE campaign_id = 'uk-general-election-2019'
ORDER BY share_low
