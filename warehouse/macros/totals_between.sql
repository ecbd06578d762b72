-- What each asset gained in a window of local days, in all and per day.
-- Arguments:
--   first_day: first local day of the window; a DATE, or text as '2019-10-29'
--   last_day: last local day, inclusive; a DATE, or text as '2019-12-12'
-- Grain: campaign_id, asset_id
--
-- An asset has a row when any of the window's days has figures for it. The days before it was first posted and after its last reading
-- have none; averages are over all days of the window all the same, so that assets of one window can be compared.
with asked as (
    -- No rows would hide a mistake; why range() is said in macros.py.
    select 1
    from range(case
        when first_day::date <= last_day::date then 1
        when first_day::date > last_day::date
            then error(format('the window from {} to {} ends before it begins: give the first day first', first_day::date, last_day::date))
        else error('a window has two days: give the first and the last, as ''2019-10-29'', ''2019-12-09''')
    end)
),

window_days as (
    select *, date_diff('day', first_day::date, last_day::date) + 1 as days
    from marts.asset_daily, asked
    where day between first_day::date and last_day::date
)

select
    -- Campaign whose zone ends the days.
    campaign_id,
    -- Side whose content the asset is.
    any_value(side_id) as side_id,
    -- Asset, or platform:post for a post that no asset lists.
    asset_id,
    -- Title of the asset.
    any_value(asset_title) as asset_title,
    -- Views gained; null where no platform tells them.
    sum(views)::bigint as views,
    -- Shares gained; a retweet is not a share.
    sum(shares)::bigint as shares,
    -- Retweets gained.
    sum(retweets)::bigint as retweets,
    -- Reactions gained, likes among them.
    sum(reactions)::bigint as reactions,
    -- Comments or replies gained.
    sum(comments)::bigint as comments,
    -- Quoting posts gained.
    sum(quotes)::bigint as quotes,
    -- Days of the window.
    any_value(days) as days,
    -- Views per day of the window.
    sum(views) / any_value(days) as views_per_day,
    -- Shares per day of the window.
    sum(shares) / any_value(days) as shares_per_day,
    -- Retweets per day of the window.
    sum(retweets) / any_value(days) as retweets_per_day,
    -- Days whose two midnights were pinned by readings nearby.
    count(*) filter (completeness = 'complete') as days_complete,
    -- Days whose gain was read off a line between readings farther apart.
    count(*) filter (completeness = 'estimated') as days_estimated,
    -- Days whose end has not been seen for every counter.
    count(*) filter (completeness = 'open') as days_open,
    -- As complete as the worst of the days with figures: complete, estimated or open.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], completeness))] as completeness,
    -- As complete as the worst of the days with views; null without any.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], views_completeness))] as views_completeness,
    -- As complete as the worst of the days with shares; null without any.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], shares_completeness))] as shares_completeness,
    -- As complete as the worst of the days with retweets; null without any.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], retweets_completeness))] as retweets_completeness,
    -- As complete as the worst of the days with reactions; null without any.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], reactions_completeness))] as reactions_completeness,
    -- As complete as the worst of the days with comments; null without any.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], comments_completeness))] as comments_completeness,
    -- As complete as the worst of the days with quotes; null without any.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], quotes_completeness))] as quotes_completeness
from window_days
group by campaign_id, asset_id
