-- The posts that did best for their accounts: interactions a day after publication against the account's posts before them.
SELECT rank, handle, platform, asset_title AS asset, actual, expected::BIGINT AS expected, round(score, 1) AS score
FROM over_performing_at('interactions', 1)
WHERE campaign_id = 'uk-general-election-2019' AND rank <= 5
