-- Readings of invented posts that grow: of each post and poll one sighting with six counters.
-- Grain: object_type, object_id, observed_at, response_id
--
-- Parameters: posts, the number of posts; accounts, of accounts; first_poll and last_poll, of polls; every_hours, the hours between
-- two; first, the moment of poll 0.
with growing as (
    select
        post,
        poll,
        (1_000_000_000_000 + post)::varchar as object_id,
        ((post * 7919 % 100003) * (1 - exp(-(poll + 4.0) / 40)) + poll * (post % 7))::bigint as value
    from range($posts) as posts(post), range($first_poll, $last_poll + 1) as polls(poll)
)

select
    'x' as platform,
    'post' as object_type,
    object_id,
    $first + to_hours(($every_hours * poll)::integer) + to_seconds(post % 50) as observed_at,
    format('run-{:06d}-{:05d}', poll, post // 100) as response_id,
    'present' as state,
    (post % $accounts)::varchar as account_id,
    $first - interval 1 day + to_minutes(post % 1440) as created_at,
    'Post number ' || post as text,
    'https://x.com/i/status/' || object_id as permalink,
    [object_id] as aliases,
    [
        {'metric': 'impression_count', 'value': value},
        {'metric': 'like_count', 'value': value // 10},
        {'metric': 'retweet_count', 'value': value // 50},
        {'metric': 'reply_count', 'value': value // 90},
        {'metric': 'bookmark_count', 'value': value // 200},
        {'metric': 'quote_count', 'value': value // 300}
    ] as counters,
    'api' as source,
    observed_at as known_at
from growing
order by observed_at, object_id
