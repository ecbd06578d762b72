-- What YouTube's answers say of videos and channels, and per day of YouTube's own calendar. The only file that knows its words.
-- Grain: object_type, object_id, observed_at, response_id
--
-- Counters are numbers written as texts. One that the owner hides (likes) or that is switched off (comments) is left out.
-- A video that is deleted or private is not named at all: it is one that was asked for and did not come.
with answers as (
    select
        response_id,
        observed_at,
        endpoint,
        params,
        try(from_json(body, '{
            "kind": "VARCHAR",
            "items": "JSON",
            "columnHeaders": [{"name": "VARCHAR"}],
            "rows": [["VARCHAR"]]
        }')) as answer
    from landed
    where status = 200
),

videos as (
    select
        response_id,
        observed_at,
        unnest(try(from_json(answer.items, '[{
            "id": "VARCHAR",
            "snippet": {
                "publishedAt": "TIMESTAMPTZ", "channelId": "VARCHAR", "title": "VARCHAR", "description": "VARCHAR"
            },
            "statistics": {"viewCount": "VARCHAR", "likeCount": "VARCHAR", "commentCount": "VARCHAR"}
        }]'))) as video
    from answers
    where endpoint = 'videos'
),

-- An id may come twice in one answer; it is the same video.
each_video as (
    select response_id, observed_at, video.id as video_id, any_value(video) as video
    from videos
    where video.id is not null
    group by all
),

-- Only a whole list says that what is not in it is not there.
asked_for as (
    select distinct
        response_id,
        observed_at,
        unnest(string_split(try(json_extract_string(params, '$.id')), ',')) as video_id
    from answers
    where endpoint = 'videos' and answer.kind = 'youtube#videoListResponse'
),

channels as (
    select
        response_id,
        observed_at,
        unnest(try(from_json(answer.items, '[{
            "id": "VARCHAR",
            "snippet": {"title": "VARCHAR", "customUrl": "VARCHAR"},
            "statistics": {"subscriberCount": "VARCHAR", "hiddenSubscriberCount": "BOOLEAN"}
        }]'))) as channel
    from answers
    where endpoint = 'channels'
),

each_channel as (
    select response_id, observed_at, channel.id as channel_id, any_value(channel) as channel
    from channels
    where channel.id is not null
    group by all
),

-- A report is a table with its own header.
report_rows as (
    select
        response_id,
        observed_at,
        endpoint,
        split_part(try(json_extract_string(params, '$.ids')), '==', 2) as channel_id,
        list_transform(answer.columnHeaders, lambda header: header.name) as names,
        unnest(answer.rows) as cells
    from answers
    where endpoint in ('channel_days', 'video_days')
),

report_days as (
    select
        *,
        try_cast(cells[list_position(names, 'day')] as date) as day,
        cells[list_position(names, 'video')] as video_id,
        -- Reports are complete three days after the day's end, which is midnight Pacific time.
        try(observed_at >= timezone('America/Los_Angeles', day::timestamp + interval 1 day) + interval 72 hours) as is_whole
    from report_rows
),

report_values as (
    select
        response_id,
        observed_at,
        case endpoint when 'video_days' then 'post' else 'account' end as object_type,
        case endpoint when 'video_days' then video_id else channel_id end as object_id,
        day,
        is_whole,
        unnest([
            {'metric': 'views/day', 'told': cells[list_position(names, 'views')]},
            {'metric': 'likes/day', 'told': cells[list_position(names, 'likes')]},
            {'metric': 'shares/day', 'told': cells[list_position(names, 'shares')]},
            {'metric': 'comments/day', 'told': cells[list_position(names, 'comments')]},
            {'metric': 'estimatedMinutesWatched/day', 'told': cells[list_position(names, 'estimatedMinutesWatched')]},
            {'metric': 'subscribersGained/day', 'told': cells[list_position(names, 'subscribersGained')]}
        ], recursive := true)
    from report_days
    where day is not null
),

day_values as (
    select
        *,
        -- Minutes are kept in milliseconds as every watch time is; so many digits leave room for that.
        try_cast(regexp_extract(told, '^([0-9]{1,13})(?:[.]0+)?$', 1) as bigint)
            * case metric when 'estimatedMinutesWatched/day' then 60000 else 1 end as value
    from report_values
),

sightings as (
    select
        'post' as object_type,
        video_id as object_id,
        response_id,
        observed_at,
        'present' as state,
        video.snippet.channelId as account_id,
        video.snippet.publishedAt as created_at,
        concat_ws(chr(10), video.snippet.title, nullif(video.snippet.description, '')) as text,
        'https://www.youtube.com/watch?v=' || video_id as permalink,
        [video_id] as aliases,
        coalesce(list_distinct(regexp_extract_all(
            video.snippet.description, 'https?://[^\s<>"]*[^\s<>".,;:!?'')\]]'
        )), []) as links,
        null::varchar as handle,
        null::varchar as name,
        [
            {'metric': 'viewCount', 'value': video.statistics.viewCount},
            {'metric': 'likeCount', 'value': video.statistics.likeCount},
            {'metric': 'commentCount', 'value': video.statistics.commentCount}
        ] as counters,
        [] as periods
    from each_video

    union all by name

    select 'post' as object_type, video_id as object_id, response_id, observed_at, 'gone' as state
    from asked_for
    anti join each_video using (response_id, video_id)
    where regexp_full_match(video_id, '[A-Za-z0-9_-]{11}')

    union all by name

    select
        'account' as object_type,
        channel_id as object_id,
        response_id,
        observed_at,
        'present' as state,
        channel_id as account_id,
        nullif(ltrim(channel.snippet.customUrl, '@'), '') as handle,
        channel.snippet.title as name,
        [{'metric': 'subscriberCount', 'value': case
            when channel.statistics.hiddenSubscriberCount then null
            else channel.statistics.subscriberCount
        end}] as counters
    from each_channel

    union all by name

    select
        object_type,
        object_id,
        response_id,
        observed_at,
        'present' as state,
        list({
            'metric': metric, 'breakdown': '', 'first_day': day, 'last_day': day, 'is_whole': is_whole, 'value': value
        } order by day, metric) as periods
    from day_values
    where value is not null and object_id <> ''
    group by all
)

select * replace (
    coalesce(aliases, []) as aliases, coalesce(links, []) as links, coalesce(periods, []) as periods,
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
