-- What landed exports say, whichever platform's numbers they are: the import has put them into one shape already.
-- Grain: object_type, object_id, observed_at, response_id
--
-- `names` are an object's names, the platform's own form first; the readings choose the one under which the platform itself has shown
-- it, and keep them all, in their order, as a post's aliases: what it was called at an earlier moment is told by them. The account
-- stays whatever the post is called; what the platform's API says of a post goes before it. A row may be of another moment than its
-- export, as the followers that an account had when a post was made.
with rows as (
    select
        response_id,
        observed_at,
        requested_at,
        unnest(try(from_json(body::json -> '$.rows', '[{
            "object_type": "VARCHAR", "names": ["VARCHAR"], "account_id": "VARCHAR", "handle": "VARCHAR", "name": "VARCHAR",
            "created_at": "TIMESTAMPTZ", "observed_at": "TIMESTAMPTZ", "permalink": "VARCHAR", "text": "VARCHAR",
            "counters": "MAP(VARCHAR, BIGINT)",
            "periods": [{"metric": "VARCHAR", "day": "DATE", "is_whole": "BOOLEAN", "value": "BIGINT"}]
        }]'))) as row
    from landed
    where status = 200 and json_valid(body)
)

select
    row.object_type as object_type,
    row.names as names,
    row.names[1] as object_id,
    coalesce(row.observed_at, observed_at) as observed_at,
    response_id,
    'present' as state,
    row.account_id as account_id,
    row.created_at as created_at,
    row.text as text,
    row.permalink as permalink,
    case row.object_type when 'post' then row.names else [] end as aliases,
    row.handle as handle,
    row.name as name,
    list_transform(
        map_entries(coalesce(row.counters, map {}::map(varchar, bigint))),
        lambda counter: {'metric': counter.key, 'value': counter.value}
    ) as counters,
    list_transform(
        coalesce(row.periods, []),
        lambda period: {
            'metric': period.metric,
            'breakdown': '',
            'first_day': period.day,
            'last_day': period.day,
            'is_whole': period.is_whole,
            'value': period.value
        }
    ) as periods,
    'export' as source,
    -- What an export says of an earlier moment was not known then.
    requested_at as known_at
from rows
where row.object_type is not null
