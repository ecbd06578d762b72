-- What the Graph API's answers say of page posts, videos and pages. The only file that knows Facebook's words.
-- Grain: object_type, object_id, observed_at, response_id
--
-- Answers come as lists (`data`), as one object, as a map of id to object (`?ids=`), and as batch lists whose bodies are JSON
-- text. Answers that are not the promised JSON give no rows.
with answers as (
    select response_id, observed_at, endpoint, status, params, url, try(body::json) as answer
    from landed
    where json_valid(body)
),

-- One row an object, whichever way it came.
objects as (
    select response_id, observed_at, endpoint, unnest(from_json(answer -> 'data', '["JSON"]')) as object
    from answers
    where status = 200 and endpoint in ('page_posts', 'page_reels', 'page_videos')

    union all

    select response_id, observed_at, endpoint, unnest(json_extract(answer, '$.*'))
    from answers
    where status = 200 and endpoint in ('posts', 'videos')

    union all

    select response_id, observed_at, endpoint, answer
    from answers
    where status = 200 and endpoint = 'pages'
),

posts as (
    select
        response_id,
        observed_at,
        from_json(object, '{
            "id": "VARCHAR", "from": {"id": "VARCHAR"}, "created_time": "TIMESTAMPTZ", "message": "VARCHAR",
            "permalink_url": "VARCHAR", "status_type": "VARCHAR", "is_published": "BOOLEAN",
            "attachments": {"data": [{"media_type": "VARCHAR", "type": "VARCHAR", "title": "VARCHAR", "target": {"id": "VARCHAR"}}]},
            "shares": {"count": "BIGINT"},
            "reactions": {"summary": {"total_count": "BIGINT"}},
            "comments": {"summary": {"total_count": "BIGINT"}},
            "r_like": {"summary": {"total_count": "BIGINT"}}, "r_love": {"summary": {"total_count": "BIGINT"}},
            "r_wow": {"summary": {"total_count": "BIGINT"}}, "r_haha": {"summary": {"total_count": "BIGINT"}},
            "r_sad": {"summary": {"total_count": "BIGINT"}}, "r_angry": {"summary": {"total_count": "BIGINT"}}
        }') as post
    from objects
    where endpoint in ('page_posts', 'posts')
),

videos as (
    select
        response_id,
        observed_at,
        from_json(object, '{
            "id": "VARCHAR", "from": {"id": "VARCHAR"}, "post_id": "VARCHAR", "created_time": "TIMESTAMPTZ",
            "title": "VARCHAR", "description": "VARCHAR", "permalink_url": "VARCHAR", "views": "BIGINT"
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
    where status = 200 and endpoint = 'insights'
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

-- Lifetime rows are counters. Rows of a day are daily values on Facebook's own day, a different metric.
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
        ] as counters
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
        null, null,
        [{'metric': 'views', 'value': video.views}]
    from videos
    where video.id is not null

    union all

    select
        case when contains(object_id, '_') then 'post' else 'media' end,
        object_id, response_id, observed_at, 'present',
        null, null, null, null, [], [], [], null, null, counters
    from insights

    union all

    select
        'account', page.id, response_id, observed_at, 'present',
        page.id, null, null, null, [], [], [], page.username, page.name,
        [{'metric': 'followers_count', 'value': coalesce(page.followers_count, page.fan_count)}]
    from pages
    where page.id is not null

    union all

    select
        case when contains(object_id, '_') then 'post' else 'media' end,
        object_id, response_id, observed_at, 'gone',
        null, null, null, null, [], [], [], null, null, []
    from refusals
    where object_id is not null
)

from sightings
