-- Retweets of each account inside the campaign's window, and of the same account in other campaigns.
-- Grain: campaign_id, platform, account_id
with days as (
    select campaign_id, platform, account_id, handle, side_id, day, posts, retweets, retweets_completeness
    from marts.account_daily
    join registry.campaigns using (campaign_id)
    where day between starts and ends
),

told as (
    select platform, account_id
    from days
    where campaign_id = $campaign
    group by all
    having count(retweets) > 0
)

select
    coalesce('@' || any_value(handle), account_id) as account,
    any_value(side_name) as side,
    campaign_name as campaign,
    date_diff('day', starts, least(ends, max(day))) + 1 as days,
    sum(posts)::bigint as posts,
    sum(retweets)::bigint as retweets,
    round(sum(retweets) / (date_diff('day', starts, least(ends, max(day))) + 1))::bigint as "retweets a day",
    arg_max(day, retweets) as "best day",
    max(retweets) as "retweets of the best day",
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], retweets_completeness))] as known
from days
join told using (platform, account_id)
join registry.campaigns using (campaign_id)
left join registry.sides using (campaign_id, side_id)
group by campaign_id, campaign_name, starts, ends, platform, account_id
having count(retweets) > 0
order by
    max(case when campaign_id = $campaign then sum(retweets) end) over (partition by platform, account_id) desc,
    account_id,
    starts desc
