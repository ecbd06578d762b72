-- What TikTok's answers say of one's own videos and account. The only file that knows TikTok's words.
-- Grain: object_type, object_id, observed_at, response_id
--
-- An account goes by its name in lower case: a video's address has it, and no other answer says whose a video is.
-- A video that was asked for and is not among the answered ones is deleted, private or another account's.
with answers as (
    select
        response_id,
        observed_at,
        endpoint,
        params,
        try(from_json(body, '{
            "data": {
                "videos": [{
                    "id": "VARCHAR", "create_time": "BIGINT", "share_url": "VARCHAR", "title": "VARCHAR",
                    "view_count": "VARCHAR", "like_count": "VARCHAR", "comment_count": "VARCHAR", "share_count": "VARCHAR"
                }],
                "user": {"display_name": "VARCHAR", "username": "VARCHAR", "follower_count": "VARCHAR"}
            },
            "error": {"code": "VARCHAR"}
        }')) as answer
    from landed
    where status = 200
),

videos as (
    select response_id, observed_at, unnest(answer.data.videos) as video
    from answers
    where endpoint in ('list', 'query')
),

-- An id may come twice in one answer; it is the same video.
each_video as (
    select
        response_id,
        observed_at,
        video.id as video_id,
        any_value(video) as video,
        lower(nullif(regexp_extract(any_value(video.share_url), '/@([^/?#]+)', 1), '')) as account_id
    from videos
    where video.id is not null
    group by response_id, observed_at, video_id
),

asked_for as (
    select distinct
        response_id,
        observed_at,
        unnest(try(from_json(json_extract(params, '$.body.filters.video_ids'), '["VARCHAR"]'))) as video_id
    from answers
    where endpoint = 'query' and answer.error.code = 'ok' and answer.data is not null
),

sightings as (
    select
        'post' as object_type,
        video_id as object_id,
        response_id,
        observed_at,
        'present' as state,
        account_id,
        case when video.create_time between 0 and 32503680000 then to_timestamp(video.create_time) end as created_at,
        video.title as text,
        coalesce(
            nullif(split_part(video.share_url, '?', 1), ''), 'https://www.tiktok.com/video/' || video_id
        ) as permalink,
        [video_id] as aliases,
        null::varchar as handle,
        null::varchar as name,
        [
            {'metric': 'view_count', 'value': video.view_count},
            {'metric': 'like_count', 'value': video.like_count},
            {'metric': 'comment_count', 'value': video.comment_count},
            {'metric': 'share_count', 'value': video.share_count}
        ] as counters
    from each_video

    union all by name

    select 'post' as object_type, video_id as object_id, response_id, observed_at, 'gone' as state
    from asked_for
    anti join each_video using (response_id, video_id)

    union all by name

    select
        'account' as object_type,
        lower(answer.data.user.username) as object_id,
        response_id,
        observed_at,
        'present' as state,
        lower(answer.data.user.username) as account_id,
        answer.data.user.username as handle,
        answer.data.user.display_name as name,
        [{'metric': 'follower_count', 'value': answer.data.user.follower_count}] as counters
    from answers
    where endpoint = 'user' and answer.data.user.username <> ''

    union all by name

    select distinct
        'account' as object_type,
        account_id as object_id,
        response_id,
        observed_at,
        'present' as state,
        account_id,
        account_id as handle
    from each_video
    where account_id is not null
)

select * replace (
    coalesce(aliases, []) as aliases,
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
