-- What the Graph API's answers say of Instagram's media, stories and accounts. The only file that knows Instagram's words.
-- Grain: object_type, object_id, observed_at, response_id
--
-- Answers come as lists (`data`), as one object, as a map of id to object (`?ids=`), nested in `business_discovery`, and as
-- batch lists whose bodies are JSON text. Answers that are not the promised JSON give no rows.
with answers as (
    select response_id, observed_at, endpoint, status, params, url, try(body::json) as answer
    from landed
    where json_valid(body)
),

-- One row a medium, whichever way it came, with the account whose list it was in.
objects as (
    select
        response_id,
        observed_at,
        nullif(regexp_extract(url, '/([0-9]+)/(?:media|stories)\b', 1), '') as account_id,
        endpoint = 'stories' as is_story,
        unnest(from_json(answer -> 'data', '["JSON"]')) as object
    from answers
    where status = 200 and endpoint in ('account_media', 'stories')

    union all

    select response_id, observed_at, null, false, unnest(json_extract(answer, '$.*'))
    from answers
    where status = 200 and endpoint = 'media'

    union all

    select
        response_id,
        observed_at,
        answer ->> '$.business_discovery.id',
        false,
        unnest(from_json(answer -> '$.business_discovery.media.data', '["JSON"]'))
    from answers
    where status = 200 and endpoint = 'discovery'
),

media as (
    select
        response_id,
        observed_at,
        account_id,
        is_story,
        from_json(object, '{
            "id": "VARCHAR", "caption": "VARCHAR", "permalink": "VARCHAR", "shortcode": "VARCHAR", "timestamp": "TIMESTAMPTZ",
            "owner": {"id": "VARCHAR"},
            "view_count": "VARCHAR", "like_count": "VARCHAR", "comments_count": "VARCHAR", "saved_count": "VARCHAR",
            "shares_count": "VARCHAR", "reposts_count": "VARCHAR", "total_views_count": "VARCHAR", "total_like_count": "VARCHAR",
            "total_comments_count": "VARCHAR"
        }') as medium
    from objects
),

accounts as (
    select
        response_id,
        observed_at,
        from_json(
            case endpoint when 'discovery' then answer -> 'business_discovery' else answer end,
            '{"id": "VARCHAR", "username": "VARCHAR", "name": "VARCHAR", "followers_count": "VARCHAR"}'
        ) as account
    from answers
    where status = 200 and endpoint in ('accounts', 'discovery')
),

-- A batch answers with a list whose bodies are JSON text, in the order of its questions; a single call answers with the object
-- itself. The window that was asked for stands in the question alone.
insight_answers as (
    select
        response_id,
        observed_at,
        endpoint,
        part.body as body,
        coalesce(params ->> '$.since', regexp_extract(part.question, '[?&]since=([0-9]+)', 1)) as since,
        coalesce(params ->> '$.until', regexp_extract(part.question, '[?&]until=([0-9]+)', 1)) as until
    from (
        select
            *,
            unnest(
                case json_type(answer)
                    when 'ARRAY' then list_transform(
                        from_json(answer, '[{"body": "VARCHAR"}]'),
                        lambda item, place: {'body': item.body, 'question': questions[place].relative_url}
                    )
                    else [{'body': answer::varchar, 'question': null::varchar}]
                end
            ) as part
        from (
            select *, try(from_json(params ->> '$.batch', '[{"relative_url": "VARCHAR"}]')) as questions
            from answers
            where status = 200 and endpoint in ('insights', 'account_insights')
        )
    )
),

insight_rows as (
    select
        response_id,
        observed_at,
        endpoint,
        since,
        until,
        unnest(try(from_json(body, '{"data": [{
            "id": "VARCHAR", "name": "VARCHAR", "period": "VARCHAR",
            "values": [{"value": "JSON", "end_time": "TIMESTAMPTZ"}],
            "total_value": {"value": "JSON", "breakdowns": [{
                "dimension_keys": ["VARCHAR"], "results": [{"dimension_values": ["VARCHAR"], "value": "JSON"}]
            }]}
        }]}')).data) as insight
    from insight_answers
),

-- Lifetime insights of media that are totals. Averages and rates are none.
media_metrics as (
    select unnest([
        {'metric': 'views'},
        {'metric': 'reach'},
        {'metric': 'likes'},
        {'metric': 'comments'},
        {'metric': 'saved'},
        {'metric': 'shares'},
        {'metric': 'reposts'},
        {'metric': 'replies'},
        {'metric': 'navigation'},
        {'metric': 'follows'},
        {'metric': 'profile_visits'},
        {'metric': 'ig_reels_video_view_total_time'}
    ], recursive := true)
),

insights as (
    select
        response_id,
        observed_at,
        nullif(split_part(insight.id, '/', 1), '') as object_id,
        list({'metric': metric, 'value': coalesce(insight.values[1].value, insight.total_value.value)::varchar}) as counters
    from insight_rows
    join media_metrics on media_metrics.metric = insight.name
    where endpoint = 'insights'
        and insight.period = 'lifetime'
        and json_type(coalesce(insight.values[1].value, insight.total_value.value)) in ('UBIGINT', 'BIGINT')
    group by all
),

-- Totals of an account's day, under the names that daily values have here.
day_metrics as (
    select unnest([
        {'name': 'reach', 'metric': 'reach/day'},
        {'name': 'views', 'metric': 'views/day'},
        {'name': 'accounts_engaged', 'metric': 'accounts_engaged/day'},
        {'name': 'total_interactions', 'metric': 'total_interactions/day'},
        {'name': 'likes', 'metric': 'likes/day'},
        {'name': 'comments', 'metric': 'comments/day'},
        {'name': 'shares', 'metric': 'shares/day'},
        {'name': 'saves', 'metric': 'saves/day'},
        {'name': 'replies', 'metric': 'replies/day'},
        {'name': 'reposts', 'metric': 'reposts/day'},
        {'name': 'profile_links_taps', 'metric': 'profile_links_taps/day'}
    ], recursive := true)
),

account_insights as (
    select
        response_id,
        observed_at,
        nullif(split_part(insight.id, '/', 1), '') as account_id,
        metric,
        insight,
        try(to_timestamp(try_cast(since as bigint))) as since,
        try(to_timestamp(try_cast(until as bigint))) as until
    from insight_rows
    join day_metrics on day_metrics.name = insight.name
    where endpoint = 'account_insights' and insight.period = 'day'
),

-- The day that a value is of, on the platform's calendar, and when it ended as the platform counts.
days as (
    -- A total is of the window that was asked for: day D is asked as D+1 00:00 to D+2 00:00 UTC (a third party's finding, see
    -- WINDOW_BEGINS_AFTER in connectors/instagram/insights.py). Windows of other lengths are no days.
    select response_id, observed_at, account_id, metric, '' as breakdown, try(since::date - 1) as day, until as ended_at, insight.total_value.value as value
    from account_insights
    where try(until = since + interval 1 day and since = date_trunc('day', since))

    union all

    select
        response_id, observed_at, account_id, metric,
        array_to_string(list_transform(list_zip(keys, result.dimension_values), lambda pair: pair[1] || '=' || pair[2]), ','),
        try(since::date - 1), until, result.value
    from (
        select *, part.dimension_keys as keys, unnest(part.results) as result
        from (
            select *, unnest(insight.total_value.breakdowns) as part
            from account_insights
            where try(until = since + interval 1 day and since = date_trunc('day', since))
        )
    )

    union all

    -- In a series `end_time` is the midnight US Pacific that ended the day.
    select
        response_id, observed_at, account_id, metric, '',
        try(((entry.end_time at time zone 'America/Los_Angeles') - interval 1 second)::date), entry.end_time, entry.value
    from (select *, unnest(insight.values) as entry from account_insights)
    where entry.end_time is not null
),

periods as (
    select
        response_id,
        observed_at,
        account_id,
        list({
            'metric': metric,
            'breakdown': breakdown,
            'first_day': day,
            'last_day': day,
            -- Values come in up to 48 hours late.
            'is_whole': try(observed_at >= ended_at + interval 48 hours),
            'value': try_cast(value as bigint)
        }) as periods
    from days
    where day is not null and breakdown is not null and json_type(value) in ('UBIGINT', 'BIGINT')
    group by all
),

-- Deleted and never-seen media answer alike: error 100 with subcode 33 or in words, or 803. Only a call for one medium names
-- the culprit.
refusals as (
    select response_id, observed_at, params ->> '$.ids' as object_id
    from answers
    where endpoint = 'media'
        and (
            (answer ->> '$.error.code') = '803'
            or (
                (answer ->> '$.error.code') = '100'
                and (
                    (answer ->> '$.error.error_subcode') = '33'
                    or contains(answer ->> '$.error.message', 'does not exist')
                )
            )
        )
        and not contains(params ->> '$.ids', ',')
),

sightings as (
    select
        'post' as object_type,
        medium.id as object_id,
        response_id,
        observed_at,
        'present' as state,
        coalesce(account_id, medium.owner.id) as account_id,
        medium.timestamp as created_at,
        -- A story is there for a day.
        case when is_story then medium.timestamp + interval 1 day end as ends_at,
        medium.caption as text,
        medium.permalink as permalink,
        list_distinct(list_filter(
            [
                medium.id,
                -- People paste addresses, which name the post by its short code.
                coalesce(
                    medium.shortcode,
                    nullif(regexp_extract(medium.permalink, '/(?:p|reels?|tv)/([A-Za-z0-9_-]+)', 1), '')
                )
            ],
            lambda alias: alias is not null
        )) as aliases,
        list_distinct(list_transform(
            regexp_extract_all(coalesce(medium.caption, ''), 'https?://[^\s<>"]+'),
            lambda link: regexp_replace(link, '[.,;:!?)\]’”]+$', '')
        )) as links,
        null as handle,
        null as name,
        -- What is absent is not told, which is not 0: the likes where they are hidden, the views of a rival's picture.
        [
            {'metric': 'view_count', 'value': medium.view_count},
            {'metric': 'like_count', 'value': medium.like_count},
            {'metric': 'comments_count', 'value': medium.comments_count},
            {'metric': 'saved_count', 'value': medium.saved_count},
            {'metric': 'shares_count', 'value': medium.shares_count},
            {'metric': 'reposts_count', 'value': medium.reposts_count},
            {'metric': 'total_views_count', 'value': medium.total_views_count},
            {'metric': 'total_like_count', 'value': medium.total_like_count},
            {'metric': 'total_comments_count', 'value': medium.total_comments_count}
        ] as counters,
        [] as periods
    from media
    where medium.id is not null

    union all

    select
        'post', object_id, response_id, observed_at, 'present',
        null, null, null, null, null, [], [], null, null, counters, []
    from insights
    where object_id is not null

    union all

    select
        'account', account.id, response_id, observed_at, 'present',
        account.id, null, null, null, null, [], [], account.username, account.name,
        [{'metric': 'followers_count', 'value': account.followers_count}], []
    from accounts
    where account.id is not null

    union all

    select
        'account', account_id, response_id, observed_at, 'present',
        account_id, null, null, null, null, [], [], null, null, [], periods
    from periods
    where account_id is not null

    union all

    select
        'post', object_id, response_id, observed_at, 'gone',
        null, null, null, null, null, [], [], null, null, [], []
    from refusals
    where object_id is not null
)

select * replace (
    -- A counter is a whole number that fits, or it is not told; what it is of is kept all the same.
    list_transform(
        coalesce(counters, []),
        lambda counter: {
            'metric': counter.metric,
            'value': try_cast(regexp_extract(counter.value, '^([0-9]{1,18})(?:[.]0+)?$', 1) as bigint)
        }
    ) as counters
)
from sightings
