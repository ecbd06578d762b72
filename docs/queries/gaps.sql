-- When nothing of a platform was read for half a day or longer, though posts were due.
SELECT platform, starts_at, ends_at, hours, polls_expected, polls_got, posts_affected AS posts
FROM marts.gaps
WHERE campaign_id = 'uk-general-election-2019' AND platform IN ('facebook', 'x') AND hours > 12
ORDER BY starts_at, platform
