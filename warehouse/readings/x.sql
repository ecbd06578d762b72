-- What X's answers say of posts, media and accounts, and of mentions per day. The only file that knows X's words.
-- Grain: object_type, object_id, observed_at, response_id
--
-- Answers come in two vocabularies, tweet and post (renamed in X's specification in July 2026); both are read.
-- Answers that are not the promised JSON give no rows.
with shown as materialized (
    -- One row a post; what an answer says beside its posts comes with the first row. Lists taken apart are put down before anything
    -- is asked of them: a list inside costs as much as its whole answer otherwise.
    select
        response_id,
        observed_at,
        endpoint,
        unnest(case when len(answer.data) > 0 then answer.data else [null] end) as post,
        generate_subscripts(case when len(answer.data) > 0 then answer.data else [null] end, 1) as place,
        case when place = 1 then answer.includes end as includes,
        case when place = 1 then answer.errors end as errors
    from (
        select
            response_id,
            observed_at,
            endpoint,
            try(from_json(body, '{
                "data": [{
                    "id": "VARCHAR", "text": "VARCHAR", "author_id": "VARCHAR", "created_at": "TIMESTAMPTZ",
                    "edit_history_tweet_ids": ["VARCHAR"], "edit_history_post_ids": ["VARCHAR"],
                    "referenced_tweets": [{"type": "VARCHAR"}], "referenced_posts": [{"type": "VARCHAR"}],
                    "attachments": {"media_keys": ["VARCHAR"]},
                    "entities": {"urls": [{"expanded_url": "VARCHAR", "unwound_url": "VARCHAR", "media_key": "VARCHAR"}]},
                    "public_metrics": {
                        "retweet_count": "BIGINT", "repost_count": "BIGINT", "reply_count": "BIGINT", "like_count": "BIGINT",
                        "quote_count": "BIGINT", "bookmark_count": "BIGINT", "impression_count": "BIGINT"
                    },
                    "non_public_metrics": {
                        "impression_count": "BIGINT", "user_profile_clicks": "BIGINT", "url_link_clicks": "BIGINT"
                    },
                    "organic_metrics": {
                        "impression_count": "BIGINT", "retweet_count": "BIGINT", "repost_count": "BIGINT",
                        "reply_count": "BIGINT", "like_count": "BIGINT", "user_profile_clicks": "BIGINT",
                        "url_link_clicks": "BIGINT"
                    }
                }],
                "includes": {
                    "media": [{"media_key": "VARCHAR", "type": "VARCHAR", "public_metrics": {"view_count": "BIGINT"}}],
                    "users": [{"id": "VARCHAR", "username": "VARCHAR", "name": "VARCHAR",
                               "public_metrics": {"followers_count": "BIGINT"}}]
                },
                "errors": [{"resource_type": "VARCHAR", "resource_id": "VARCHAR", "value": "VARCHAR", "type": "VARCHAR"}]
            }')) as answer
        from landed
        where status = 200 and endpoint in ('timeline', 'posts', 'private')
    )
),

-- A native retweet mirrors the counters of the original and never adds to anything.
own_posts as (
    select
        *,
        coalesce(nullif(post.edit_history_tweet_ids, []), nullif(post.edit_history_post_ids, []), [post.id]) as edits,
        post.id = edits[-1] as is_newest_edit
    from shown
    where post.id is not null
        and not list_has_any(
            list_transform(coalesce(post.referenced_tweets, post.referenced_posts, []), lambda r: r.type),
            ['retweeted', 'reposted']
        )
),

media as (
    select response_id, observed_at, unnest(includes.media) as medium
    from shown
    where endpoint in ('timeline', 'posts')
),

users as (
    select response_id, observed_at, unnest(includes.users) as account from shown
    union all
    select
        response_id,
        observed_at,
        unnest(try(from_json(body, '{"data": [{"id": "VARCHAR", "username": "VARCHAR", "name": "VARCHAR",
                                               "public_metrics": {"followers_count": "BIGINT"}}]}')).data) as account
    from landed
    where status = 200 and endpoint = 'users'
),

refusals as (
    select response_id, observed_at, unnest(errors) as refusal
    from shown
    where endpoint = 'posts'
),

-- A count of posts per UTC day. What was counted is told by the question alone.
buckets as (
    select
        response_id,
        observed_at,
        coalesce(try(params::json ->> '$.query'), '') as query,
        unnest(try(from_json(body, '{"data": [{
            "start": "TIMESTAMPTZ", "end": "TIMESTAMPTZ", "tweet_count": "BIGINT", "post_count": "BIGINT"
        }]}')).data) as bucket
    from landed
    where status = 200 and endpoint = 'counts' and try(params::json ->> '$.granularity') = 'day'
),

counts as (
    select
        response_id,
        observed_at,
        case
            when query like '#%' then 'hashtag'
            when query like 'url:"%"' then 'site'
            when query ilike 'retweets_of:%' then 'account'
        end as object_type,
        case object_type
            when 'hashtag' then lower(query)
            when 'site' then query[6:-2]
            -- The answer does not tell the account's id.
            when 'account' then '@' || lower(split_part(query, ':', 2))
        end as object_id,
        list({
            'metric': 'tweet_count/day',
            'breakdown': '',
            'first_day': try_cast(bucket.start as date),
            'last_day': try_cast(bucket.start as date),
            -- The first bucket begins where the window does and the last one ends a moment ago.
            'is_whole': try(
                bucket.start = date_trunc('day', bucket.start)
                and bucket.end = bucket.start + interval 1 day
                and bucket.end <= observed_at
            ),
            'value': coalesce(bucket.tweet_count, bucket.post_count)
        } order by bucket.start) as periods
    from buckets
    where bucket.start is not null and coalesce(bucket.tweet_count, bucket.post_count) is not null
    group by all
),

sightings as (
    select
        'post' as object_type,
        -- Every edit has an id of its own; the post keeps the first.
        edits[1] as object_id,
        response_id,
        observed_at,
        'present' as state,
        post.author_id as account_id,
        post.created_at as created_at,
        -- An older edit still answers, with what it said then: the newest alone tells what the post says.
        case when is_newest_edit then post.text end as text,
        case when is_newest_edit then 'https://x.com/i/status/' || post.id end as permalink,
        list_distinct(list_append(edits, post.id)) as aliases,
        coalesce(post.attachments.media_keys, []) as media_ids,
        []::varchar[] as post_ids,
        -- X shortens every address; its own media are addresses in the text too. What was pasted may be short itself, and X tells
        -- where it leads: a rule may name either.
        case when is_newest_edit then list_distinct(flatten(list_transform(
            list_filter(
                coalesce(post.entities.urls, []),
                lambda link: link.media_key is null
                    and not regexp_matches(
                        coalesce(link.expanded_url, ''),
                        '^https?://(www\.|mobile\.)?(x|twitter)\.com/\w+/status(es)?/[0-9]+/(photo|video)/[0-9]+'
                    )
            ),
            lambda link: list_filter([link.expanded_url, link.unwound_url], lambda address: address is not null)
        ))) else [] end as links,
        null as handle,
        null as name,
        -- Metrics of an edited post live on its newest id; an older id answers with stale ones.
        case when is_newest_edit then [
            {'metric': 'retweet_count', 'value': coalesce(post.public_metrics.retweet_count, post.public_metrics.repost_count)},
            {'metric': 'reply_count', 'value': post.public_metrics.reply_count},
            {'metric': 'like_count', 'value': post.public_metrics.like_count},
            {'metric': 'quote_count', 'value': post.public_metrics.quote_count},
            {'metric': 'bookmark_count', 'value': post.public_metrics.bookmark_count},
            -- Impressions exist for posts since January 2023; for older ones X answers 0, which is "not counted".
            {'metric': 'impression_count', 'value': case
                when post.created_at >= timestamptz '2023-01-01 00:00:00+00' then post.public_metrics.impression_count
                else nullif(post.public_metrics.impression_count, 0)
            end},
            -- What X shows the author alone, and only for thirty days.
            {'metric': 'non_public_impression_count', 'value': post.non_public_metrics.impression_count},
            {'metric': 'non_public_user_profile_clicks', 'value': post.non_public_metrics.user_profile_clicks},
            {'metric': 'non_public_url_link_clicks', 'value': post.non_public_metrics.url_link_clicks},
            {'metric': 'organic_impression_count', 'value': post.organic_metrics.impression_count},
            {'metric': 'organic_retweet_count', 'value': coalesce(post.organic_metrics.retweet_count, post.organic_metrics.repost_count)},
            {'metric': 'organic_reply_count', 'value': post.organic_metrics.reply_count},
            {'metric': 'organic_like_count', 'value': post.organic_metrics.like_count},
            {'metric': 'organic_user_profile_clicks', 'value': post.organic_metrics.user_profile_clicks},
            {'metric': 'organic_url_link_clicks', 'value': post.organic_metrics.url_link_clicks}
        ] else [] end as counters,
        [] as periods
    from own_posts

    union all

    select
        'media', medium.media_key, response_id, observed_at, 'present',
        null, null, null, null, [], [], [], [], null, null,
        [{'metric': 'view_count', 'value': medium.public_metrics.view_count}], []
    from media
    where medium.media_key is not null

    union all

    select
        'account', account.id, response_id, observed_at, 'present',
        account.id, null, null, null, [], [], [], [], account.username, account.name,
        [{'metric': 'followers_count', 'value': account.public_metrics.followers_count}], []
    from users
    where account.id is not null

    union all

    select
        'post', coalesce(refusal.resource_id, refusal.value), response_id, observed_at,
        case split_part(refusal.type, '/', -1) when 'resource-not-found' then 'gone' else 'withheld' end,
        null, null, null, null, [], [], [], [], null, null, [], []
    from refusals
    where coalesce(refusal.resource_id, refusal.value) is not null
        and split_part(refusal.type, '/', -1) in ('resource-not-found', 'not-authorized-for-resource')
        and coalesce(refusal.resource_type, 'tweet') in ('tweet', 'post')

    union all

    select
        object_type, object_id, response_id, observed_at, 'present',
        null, null, null, null, [], [], [], [], case object_type when 'account' then object_id[2:] end, null, [], periods
    from counts
    where object_type is not null
)

from sightings
