-- Readings of an invented campaign in which everything happens that README's queries ask for, each post read once a local day.
-- Grain: object_type, object_id, observed_at, response_id
--
-- Parameters: first and last, the instants of the first and the last midnight at which is read; missed, one that was missed; pairs, how
-- many assets have a post on Facebook beside the one on X; posts, how many posts there are on X; accounts, how many accounts post.
with moments as (
    select timezone('Europe/London', day::timestamp) as observed_at, day::date as day
    from generate_series($first::date, $last::date, interval 1 day) as days(day)
    where day::date <> $missed
),

posted as (
    select 'x' as platform, post, (1_000_000_000_000 + post)::varchar as object_id from range($posts) as posts(post)
    union all
    select 'facebook', post, format('100{:02d}_{}', post % $accounts, 2_000_000 + post) from range($pairs) as posts(post)
),

growing as (
    select
        platform,
        post,
        object_id,
        day,
        observed_at,
        ((post * 7919 % 100003) * (1 - exp(-(date_diff('day', $first::date, day) + 1.0) / 10))
            + 4 * date_diff('day', $first::date, day) * (post % 7))::bigint as value
    from posted
    cross join moments
)

select
    platform,
    'post' as object_type,
    object_id,
    observed_at,
    format('{}-{}-{:05d}', platform, day, post // 100) as response_id,
    'present' as state,
    (post % $accounts)::varchar as account_id,
    timezone('Europe/London', $first::timestamp) - interval 1 day + to_minutes(post % 1440) as created_at,
    'Post number ' || post as text,
    'https://example.org/' || object_id as permalink,
    [object_id] as aliases,
    case platform
        when 'x' then [
            {'metric': 'impression_count', 'value': value},
            {'metric': 'like_count', 'value': value // 10},
            {'metric': 'retweet_count', 'value': value // 50},
            {'metric': 'reply_count', 'value': value // 90},
            {'metric': 'bookmark_count', 'value': value // 200},
            {'metric': 'quote_count', 'value': value // 300}
        ]
        else [
            {'metric': 'post_video_views', 'value': value},
            {'metric': 'shares', 'value': value // 60},
            {'metric': 'comments', 'value': value // 80},
            {'metric': 'reactions', 'value': value // 20},
            {'metric': 'reactions_like', 'value': value // 40},
            {'metric': 'reactions_love', 'value': value // 90},
            {'metric': 'reactions_haha', 'value': value // 200},
            {'metric': 'reactions_wow', 'value': value // 500},
            {'metric': 'reactions_sad', 'value': value // 600},
            {'metric': 'reactions_angry', 'value': value // 700}
        ]
    end as counters,
    []::struct(metric varchar, breakdown varchar, first_day date, last_day date, is_whole boolean, value bigint)[] as periods,
    'api' as source,
    observed_at as known_at
from growing

union all

-- Shares of a site's address.
select
    'facebook', 'site', 'https://marginal.example', observed_at, format('site-{}', day), 'present', null, null, null, null, [],
    [{'metric': 'share_count', 'value': 1000 + 37 * date_diff('day', $first::date, day)}], [], 'api', observed_at
from moments

union all

-- Mentions of a hashtag and of the site, by the platform's own days.
select
    'x', subject.object_type, subject.object_id, observed_at, format('{}-{}', subject.object_type, day), 'present', null, null, null, null, [],
    [],
    [{
        'metric': 'tweet_count/day',
        'breakdown': '',
        'first_day': day - 1,
        'last_day': day - 1,
        'is_whole': true,
        'value': 1000 + 10 * date_diff('day', $first::date, day)
    }],
    'api', observed_at
from moments
cross join (
    select unnest([
        {'object_type': 'hashtag', 'object_id': '#votelabour'},
        {'object_type': 'site', 'object_id': 'https://marginal.example'}
    ]) as subject
)

union all

-- What advertising reached, and how many people there are.
select
    'facebook', told.object_type, told.object_id, observed_at, format('{}-{}', told.object_type, day), 'present', null, null, null, null, [],
    [],
    list_transform(told.numbers, lambda number: {
        'metric': number.metric,
        'breakdown': '',
        'first_day': case told.object_type when 'audience' then day else $first::date - 2 end,
        'last_day': day,
        'is_whole': true,
        'value': number.value::bigint
    }),
    'api', observed_at
from moments
cross join (
    select unnest([
        {
            'object_type': 'advertising',
            'object_id': 'act_1?',
            'numbers': [{'metric': 'reach/window', 'value': 13_200_000}]
        },
        {
            'object_type': 'audience',
            'object_id': 'act_1?uk',
            'numbers': [{'metric': 'users_lower_bound', 'value': 38_900_000}, {'metric': 'users_upper_bound', 'value': 41_200_000}]
        }
    ]) as told
)
where day = $last::date
