-- What the Graph API's answers say of posts, videos and pages, of their days, web addresses and the reach of advertising.
-- Grain: object_type, object_id, observed_at, response_id
--
-- The only file that knows Facebook's words.
--
-- Answers come as lists (`data`), as one object, as a map of id to object (`?ids=`), and as batch lists whose bodies are JSON
-- text. Answers that are not the promised JSON give no rows.
with posts as materialized (
    -- Lists taken apart are put down before anything is asked of them: a list inside costs as much as its whole answer otherwise.
    select
        response_id,
        observed_at,
        unnest(case endpoint
            when 'page_posts' then try(from_json(body, '{"data": [{
                "id": "VARCHAR", "from": {"id": "VARCHAR"}, "created_time": "TIMESTAMPTZ", "message": "VARCHAR",
                "permalink_url": "VARCHAR",
                "attachments": {"data": [{
                    "media_type": "VARCHAR", "title": "VARCHAR", "url": "VARCHAR", "target": {"id": "VARCHAR"}
                }]},
                "shares": {"count": "BIGINT"},
                "reactions": {"summary": {"total_count": "BIGINT"}},
                "r_like": {"summary": {"total_count": "BIGINT"}}, "r_love": {"summary": {"total_count": "BIGINT"}},
                "r_wow": {"summary": {"total_count": "BIGINT"}}, "r_haha": {"summary": {"total_count": "BIGINT"}},
                "r_sad": {"summary": {"total_count": "BIGINT"}}, "r_angry": {"summary": {"total_count": "BIGINT"}},
                "comments": {"summary": {"total_count": "BIGINT"}}
            }]}')).data
            -- The same as a map: its values have a type in SQL's own words.
            else map_values(try(from_json(body, concat('"MAP(VARCHAR, STRUCT(',
                'id VARCHAR, \"from\" STRUCT(id VARCHAR), created_time TIMESTAMPTZ, message VARCHAR, permalink_url VARCHAR, ',
                'attachments STRUCT(data STRUCT(media_type VARCHAR, title VARCHAR, url VARCHAR, target STRUCT(id VARCHAR))[]), ',
                'shares STRUCT(count BIGINT), ',
                'reactions STRUCT(summary STRUCT(total_count BIGINT)), ',
                'r_like STRUCT(summary STRUCT(total_count BIGINT)), r_love STRUCT(summary STRUCT(total_count BIGINT)), ',
                'r_wow STRUCT(summary STRUCT(total_count BIGINT)), r_haha STRUCT(summary STRUCT(total_count BIGINT)), ',
                'r_sad STRUCT(summary STRUCT(total_count BIGINT)), r_angry STRUCT(summary STRUCT(total_count BIGINT)), ',
                'comments STRUCT(summary STRUCT(total_count BIGINT))',
                '))"'))))
        end) as post
    from landed
    where status = 200 and endpoint in ('page_posts', 'posts')
),

answers as (
    select response_id, observed_at, endpoint, status, params, url, try(body::json) as answer
    from landed
    where (status <> 200 or endpoint not in ('page_posts', 'posts')) and json_valid(body)
),

-- One row an object, whichever way it came.
objects as (
    select response_id, observed_at, endpoint, unnest(from_json(answer -> 'data', '["JSON"]')) as object
    from answers
    where status = 200 and endpoint in ('page_reels', 'page_videos')

    union all

    select response_id, observed_at, endpoint, unnest(json_extract(answer, '$.*'))
    from answers
    where status = 200 and endpoint = 'videos'

    union all

    select response_id, observed_at, endpoint, answer
    from answers
    where status = 200 and endpoint = 'pages'
),

videos as (
    select
        response_id,
        observed_at,
        from_json(object, '{
            "id": "VARCHAR", "from": {"id": "VARCHAR"}, "post_id": "VARCHAR", "created_time": "TIMESTAMPTZ",
            "title": "VARCHAR", "description": "VARCHAR", "permalink_url": "VARCHAR", "views": "BIGINT",
            "universal_video_id": "VARCHAR"
        }') as video
    from objects
    where endpoint in ('page_reels', 'page_videos', 'videos')
),

pages as (
    select
        response_id,
        observed_at,
        from_json(object, '{"id": "VARCHAR", "name": "VARCHAR", "username": "VARCHAR",
                            "fan_count": "BIGINT", "followers_count": "BIGINT"}') as page
    from objects
    where endpoint = 'pages'
),

-- A batch answers with a list whose bodies are JSON text; a single call answers with the object itself.
insight_answers as (
    select
        response_id,
        observed_at,
        unnest(
            case json_type(answer)
                when 'ARRAY' then list_transform(from_json(answer, '[{"body": "VARCHAR"}]'), lambda item: item.body)
                else [answer::varchar]
            end
        ) as body
    from answers
    where status = 200 and endpoint in ('insights', 'post_days')
),

insight_rows as (
    select
        response_id,
        observed_at,
        unnest(try(from_json(body, '{"data": [{
            "id": "VARCHAR", "name": "VARCHAR", "period": "VARCHAR", "values": [{"value": "JSON", "end_time": "VARCHAR"}]
        }]}')).data) as insight
    from insight_answers
),

-- Lifetime rows are counters. Rows of a day are daily values on Facebook's own day, a different metric (`days`).
insights as (
    select
        response_id,
        observed_at,
        split_part(insight.id, '/', 1) as object_id,
        list({'metric': insight.name, 'value': try_cast(insight.values[1].value as bigint)}) as counters
    from insight_rows
    where insight.period = 'lifetime'
        and insight.id is not null
        and json_type(insight.values[1].value) in ('UBIGINT', 'BIGINT')
    group by all
),

-- Insights by day of pages and posts, in days of US Pacific time: `end_time` is the midnight that ends the day. A breakdown is a
-- text beside the value; a value may be a map, whose keys are then the parts.
day_answers as (
    select response_id, observed_at, 'account' as object_type, answer
    from answers
    where status = 200 and endpoint = 'page_insights'

    union all

    select response_id, observed_at, 'post', try(body::json)
    from insight_answers
    -- Most of them are lifetime's.
    where contains(body, '"day"') and json_valid(body)
),

day_rows as (
    select
        response_id,
        observed_at,
        object_type,
        unnest(from_json(answer -> 'data', '["JSON"]')) as insight
    from day_answers
),

day_lists as (
    select
        response_id,
        observed_at,
        object_type,
        split_part(insight ->> '$.id', '/', 1) as object_id,
        (insight ->> '$.name') || '/day' as metric,
        unnest(from_json(insight -> '$.values', '["JSON"]')) as value
    from day_rows
    where (insight ->> '$.period') = 'day' and json_type(insight, '$.values') = 'ARRAY'
),

day_values as (
    select
        response_id,
        observed_at,
        object_type,
        object_id,
        metric,
        try_cast(value ->> '$.end_time' as timestamptz) as ends_at,
        value -> '$.value' as amount,
        -- The platform's own text fields of a value that say which part it is.
        array_to_string(
            list_transform(
                list_filter(
                    [
                        'campaign_id', 'earning_source', 'engagement_source', 'is_from_ads', 'is_from_followers', 'message_type',
                        'messaging_channel', 'monetization_tool'
                    ],
                    lambda part: (value ->> part) is not null
                ),
                lambda part: part || '=' || (value ->> part)
            ),
            ','
        ) as breakdown
    from day_lists
    where object_id is not null and metric is not null
),

day_parts as (
    select response_id, observed_at, object_type, object_id, metric, ends_at, breakdown, try_cast(amount as bigint) as value
    from day_values
    where json_type(amount) in ('UBIGINT', 'BIGINT')

    union all

    select response_id, observed_at, object_type, object_id, metric, ends_at, part.key, try_cast(part.value as bigint)
    from (
        select *, unnest(map_entries(try_cast(amount as map(varchar, json)))) as part
        from day_values
        where json_type(amount) = 'OBJECT'
    )
),

days as (
    select
        response_id,
        observed_at,
        object_type,
        object_id,
        list({
            'metric': metric,
            'breakdown': breakdown,
            'first_day': day,
            'last_day': day,
            -- The platform tells the running day too, of some metrics.
            'is_whole': ends_at <= observed_at,
            'value': value
        }) as periods
    from (
        select *, try((timezone('America/Los_Angeles', ends_at) - interval 12 hours)::date) as day
        from day_parts
        where ends_at is not null and value is not null
    )
    group by all
),

sites as (
    select
        response_id,
        observed_at,
        params ->> '$.id' as object_id,
        from_json(answer -> '$.engagement', '{"share_count": "BIGINT", "reaction_count": "BIGINT", "comment_count": "BIGINT",
                                              "comment_plugin_count": "BIGINT"}') as engagement
    from answers
    where status = 200 and endpoint = 'sites' and json_type(answer, '$.engagement') = 'OBJECT'
),

-- One row for the window, or for each part of a breakdown. Numbers come as text.
reach_rows as (
    select
        response_id,
        observed_at,
        nullif(regexp_extract(url, '/(act_\d+)/insights', 1), '') || '?' || coalesce(params ->> '$.filtering', '') as object_id,
        from_json(answer -> 'data', '[{
            "reach": "VARCHAR", "impressions": "VARCHAR", "date_start": "VARCHAR", "date_stop": "VARCHAR",
            "age": "VARCHAR", "gender": "VARCHAR", "region": "VARCHAR"
        }]') as shown
    from answers
    where status = 200 and endpoint = 'ad_insights'
),

reach as (
    select
        response_id,
        observed_at,
        object_id,
        list_filter(flatten(list_transform(
            list_filter(shown, lambda row: row is not null),
            lambda row: list_transform(
                [
                    {'metric': 'reach/window', 'value': try_cast(row.reach as bigint)},
                    {'metric': 'impressions/window', 'value': try_cast(row.impressions as bigint)}
                ],
                lambda told: {
                    'metric': told.metric,
                    'breakdown': coalesce('age=' || row.age, 'gender=' || row.gender, 'region=' || row.region, ''),
                    'first_day': try_cast(row.date_start as date),
                    'last_day': try_cast(row.date_stop as date),
                    -- Whose midnight ends the window is not told; UTC's is near it.
                    'is_whole': try_cast(row.date_stop as date) < timezone('UTC', observed_at)::date,
                    'value': told.value
                }
            )
        )), lambda period: period.value is not null and period.first_day is not null and period.last_day is not null) as periods
    from reach_rows
),

-- Two edges give the size of an audience, the one as an object and the other as a list of one, each with names of its own.
sizes as (
    select
        response_id,
        observed_at,
        nullif(regexp_extract(url, '/(act_\d+)/(?:reachestimate|delivery_estimate)', 1), '')
            || '?' || (params ->> '$.targeting_spec') as object_id,
        from_json(
            case json_type(answer, '$.data') when 'ARRAY' then answer -> '$.data[0]' else answer -> '$.data' end,
            '{"users_lower_bound": "BIGINT", "users_upper_bound": "BIGINT", "estimate_mau_lower_bound": "BIGINT",
              "estimate_mau_upper_bound": "BIGINT", "estimate_ready": "BOOLEAN"}'
        ) as size
    from answers
    where status = 200 and endpoint = 'audience_estimates'
),

estimates as (
    select
        response_id,
        observed_at,
        object_id,
        list_transform(
            list_filter(
                [
                    {'metric': 'users_lower_bound', 'value': coalesce(size.users_lower_bound, size.estimate_mau_lower_bound)},
                    {'metric': 'users_upper_bound', 'value': coalesce(size.users_upper_bound, size.estimate_mau_upper_bound)}
                ],
                lambda bound: bound.value is not null
            ),
            lambda bound: {
                'metric': bound.metric,
                'breakdown': '',
                'first_day': timezone('UTC', observed_at)::date,
                'last_day': timezone('UTC', observed_at)::date,
                'is_whole': true,
                'value': bound.value
            }
        ) as periods
    from sizes
    where coalesce(size.estimate_ready, true)
),

-- Deleted and never-seen objects answer alike: error 100 with subcode 33 or in words, or 803. Only a call for one object
-- names the culprit.
refusals as (
    select
        response_id,
        observed_at,
        params ->> '$.ids' as object_id
    from answers
    where endpoint in ('posts', 'videos')
        and (
            (answer ->> '$.error.code') = '803'
            or (
                (answer ->> '$.error.code') = '100'
                and (
                    (answer ->> '$.error.error_subcode') = '33'
                    or (
                        contains(answer ->> '$.error.message', 'does not exist')
                        -- A page that we may not read says so in the same breath.
                        and not contains(answer ->> '$.error.message', 'reviewable feature')
                    )
                )
            )
        )
        and not contains(params ->> '$.ids', ',')
),

sightings as (
    select
        'post' as object_type,
        post.id as object_id,
        response_id,
        observed_at,
        'present' as state,
        coalesce(post."from".id, nullif(split_part(post.id, '_', 1), post.id)) as account_id,
        post.created_time as created_at,
        coalesce(post.message, post.attachments.data[1].title) as text,
        post.permalink_url as permalink,
        list_distinct(list_concat(
            [post.id],
            -- People paste the page's name and the post's own number, or the opaque token of today's links.
            list_filter([
                lower(nullif(regexp_extract(post.permalink_url, 'facebook\.com/([^/?]+)/(?:posts|videos)/(?:[^/?]+/)?(\d+)', 1), ''))
                    || '/' || split_part(post.id, '_', 2),
                nullif(regexp_extract(post.permalink_url, 'pfbid\w+'), '')
            ], lambda alias: alias is not null),
            list_transform(
                list_filter(coalesce(post.attachments.data, []), lambda a: starts_with(a.media_type, 'video') and a.target.id is not null),
                lambda a: a.target.id
            )
        )) as aliases,
        list_transform(
            list_filter(coalesce(post.attachments.data, []), lambda a: starts_with(a.media_type, 'video') and a.target.id is not null),
            lambda a: a.target.id
        ) as media_ids,
        []::varchar[] as post_ids,
        list_distinct(list_concat(
            -- A link leads past Facebook's own guard, which names it.
            list_transform(
                list_filter(
                    coalesce(post.attachments.data, []),
                    lambda a: regexp_matches(a.url, '^https?://l\.facebook\.com/l\.php')
                        or not regexp_matches(a.url, '^https?://([\w-]+\.)*facebook\.com/')
                ),
                lambda a: case
                    when regexp_matches(a.url, '^https?://l\.facebook\.com/l\.php')
                        then coalesce(nullif(try(url_decode(regexp_extract(a.url, '[?&]u=([^&]+)', 1))), ''), a.url)
                    else a.url
                end
            ),
            list_transform(
                regexp_extract_all(coalesce(post.message, ''), 'https?://[^\s<>"]+'),
                lambda link: rtrim(link, '.,;:!?)]''…’”')
            )
        )) as links,
        []::varchar[] as content_keys,
        null as handle,
        null as name,
        [
            -- Facebook leaves `shares` out when there are none; reactions and comments are there whenever we may see them.
            {'metric': 'shares', 'value': coalesce(
                post.shares.count,
                case when coalesce(post.reactions.summary.total_count, post.comments.summary.total_count) is not null then 0 end
            )},
            {'metric': 'reactions', 'value': post.reactions.summary.total_count},
            {'metric': 'reactions_like', 'value': post.r_like.summary.total_count},
            {'metric': 'reactions_love', 'value': post.r_love.summary.total_count},
            {'metric': 'reactions_wow', 'value': post.r_wow.summary.total_count},
            {'metric': 'reactions_haha', 'value': post.r_haha.summary.total_count},
            {'metric': 'reactions_sad', 'value': post.r_sad.summary.total_count},
            {'metric': 'reactions_angry', 'value': post.r_angry.summary.total_count},
            {'metric': 'comments', 'value': post.comments.summary.total_count}
        ] as counters,
        []::struct(metric varchar, breakdown varchar, first_day date, last_day date, is_whole boolean, value bigint)[] as periods
    from posts
    where post.id is not null

    union all

    select
        'media', video.id, response_id, observed_at, 'present',
        video."from".id, video.created_time, coalesce(video.title, video.description), video.permalink_url,
        [video.id], [],
        -- The video names its post by the number alone; the post's full id begins with the page.
        case
            when video.post_id is null then []
            when contains(video.post_id, '_') then [video.post_id]
            when video."from".id is not null then [video."from".id || '_' || video.post_id]
            else []
        end,
        [], case when video.universal_video_id is null then [] else [video.universal_video_id] end,
        null, null,
        [{'metric': 'views', 'value': video.views}], []
    from videos
    where video.id is not null

    union all

    select
        case when contains(object_id, '_') then 'post' else 'media' end,
        object_id, response_id, observed_at, 'present',
        null, null, null, null, [], [], [], [], [], null, null, counters, []
    from insights

    union all

    select
        'account', page.id, response_id, observed_at, 'present',
        page.id, null, null, null, [], [], [], [], [], page.username, page.name,
        [{'metric': 'followers_count', 'value': coalesce(page.followers_count, page.fan_count)}], []
    from pages
    where page.id is not null

    union all

    select
        case when contains(object_id, '_') then 'post' else 'media' end,
        object_id, response_id, observed_at, 'gone',
        null, null, null, null, [], [], [], [], [], null, null, [], []
    from refusals
    where object_id is not null

    union all

    select
        -- Of a video there are no days.
        object_type, object_id, response_id, observed_at, 'present',
        case when object_type = 'account' then object_id end, null, null, null, [], [], [], [], [], null, null, [], periods
    from days
    where object_type = 'account' or contains(object_id, '_')

    union all

    select
        'site', object_id, response_id, observed_at, 'present',
        null, null, null, null, [], [], [], [], [], null, null,
        [
            {'metric': 'share_count', 'value': engagement.share_count},
            {'metric': 'reaction_count', 'value': engagement.reaction_count},
            {'metric': 'comment_count', 'value': engagement.comment_count},
            {'metric': 'comment_plugin_count', 'value': engagement.comment_plugin_count}
        ], []
    from sites
    where object_id is not null

    union all

    select
        'advertising', object_id, response_id, observed_at, 'present',
        null, null, null, null, [], [], [], [], [], null, null, [], periods
    from reach
    where object_id is not null and len(periods) > 0

    union all

    select
        'audience', object_id, response_id, observed_at, 'present',
        null, null, null, null, [], [], [], [], [], null, null, [], periods
    from estimates
    where object_id is not null and len(periods) > 0
)

from sightings
