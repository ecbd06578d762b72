-- What Pigeon's answers say of posts and of the accounts that made them.
-- Grain: object_type, object_id, observed_at, response_id
with posts as (
    select
        response_id,
        observed_at,
        unnest(try(from_json(body, '{"posts": [{
            "id": "VARCHAR", "account": "VARCHAR", "posted": "TIMESTAMPTZ", "text": "VARCHAR", "views": "BIGINT"
        }]}').posts)) as post
    from landed
    where status = 200 and endpoint = 'posts'
)

select
    'post' as object_type,
    post.id as object_id,
    response_id,
    observed_at,
    'present' as state,
    post.account as account_id,
    post.posted as created_at,
    post.text as text,
    [post.id] as aliases,
    null as handle,
    [{'metric': 'seen', 'value': post.views}] as counters
from posts

union all

select distinct
    'account', post.account, response_id, observed_at, 'present', post.account, null::timestamptz, null, [], post.account,
    []
from posts
