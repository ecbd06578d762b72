-- How often an account's posts were retweeted in a window of local days, in all and per day.
-- Arguments:
--   account: name in the account's address, in any case, with or without @; or the platform's id
--   first_day: first local day of the window; a DATE, or text as '2019-10-29'
--   last_day: last local day, inclusive; a DATE, or text as '2019-12-09'
-- Grain: campaign_id, platform, account_id
--
-- The average is over all days of the window, so that windows of different length can be compared. Days without readings gained
-- nothing that is known: see days_with_readings.
with known as (
    select account_id, lower(handle) as handle from marts.posts
    union
    select account_id, lower(handle) from registry.accounts
),

nearest as (
    select string_agg(handle, ', ' order by nearness desc, handle) as handles
    from (
        select distinct handle, jaro_winkler_similarity(handle, lower(ltrim(trim(account::varchar), '@'))) as nearness
        from known
        where handle is not null
        order by nearness desc, handle
        limit 5
    )
),

recognised as (
    -- An account that is known and gained nothing in the window has no rows, and rightly so.
    select 1
    from range(case
        when (select count(*) from known where account_id = account::varchar or handle = lower(ltrim(trim(account::varchar), '@'))) > 0
            then 1
        else error(format(
            'no account of the name or id ''{}'' is known; {}',
            account::varchar,
            coalesce('the nearest names: ' || (select handles from nearest), 'list it in the registry and collect')
        ))
    end)
),

asked as (
    -- No rows would hide a mistake; why range() is said in macros.py.
    select 1
    from range(case
        when account is null then error('give an account: its name or the platform''s id')
        when first_day::date <= last_day::date then 1
        when first_day::date > last_day::date
            then error(format('the window from {} to {} ends before it begins: give the first day first', first_day::date, last_day::date))
        else error('a window has two days: give the first and the last, as ''2019-10-29'', ''2019-12-09''')
    end)
),

window_days as (
    select *, date_diff('day', first_day::date, last_day::date) + 1 as days
    from marts.account_daily, asked, recognised
    where day between first_day::date and last_day::date
        and (account_id = account::varchar or lower(handle) = lower(ltrim(trim(account::varchar), '@')))
)

select
    -- Campaign whose zone ends the days.
    campaign_id,
    -- Name of the campaign for people.
    any_value(campaign_name) as campaign_name,
    -- Platform of the account.
    platform,
    -- The platform's id of the account.
    account_id,
    -- Name in the account's address.
    any_value(handle) as handle,
    -- Retweets gained by the account's posts that count for the campaign; null where the platform tells none.
    sum(retweets)::bigint as retweets,
    -- Days of the window.
    any_value(days) as days,
    -- Retweets per day of the window.
    sum(retweets) / any_value(days) as retweets_per_day,
    -- Days of the window of which readings tell retweets.
    count(retweets_completeness) as days_with_readings,
    -- Days whose two midnights were pinned by readings nearby.
    count(*) filter (retweets_completeness = 'complete') as days_complete,
    -- Days whose gain was read off a line between readings farther apart.
    count(*) filter (retweets_completeness = 'estimated') as days_estimated,
    -- Days whose end has not been seen of every post.
    count(*) filter (retweets_completeness = 'open') as days_open,
    -- As complete as the worst of those days: complete, estimated or open; null without any.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], retweets_completeness))] as completeness
from window_days
join registry.campaigns using (campaign_id)
group by campaign_id, platform, account_id
