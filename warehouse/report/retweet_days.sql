-- Retweets of the most retweeted accounts by day since the campaign began, and of the same accounts in other campaigns.
-- Grain: platform, account_id, campaign_id, number
with days as (
    select campaign_id, campaign_name, starts, platform, account_id, handle, day, retweets, retweets_completeness
    from marts.account_daily
    join registry.campaigns using (campaign_id)
    where day between starts and ends and retweets is not null
),

most as (
    select platform, account_id, row_number() over (order by sum(retweets) desc, account_id) as place
    from days
    where campaign_id = $campaign
    group by platform, account_id
    qualify place <= 4
)

select
    coalesce('@' || max(handle) over (partition by platform, account_id), account_id) as account,
    platform,
    account_id,
    campaign_id,
    campaign_name as campaign,
    (day - starts)::bigint as number,
    retweets,
    retweets_completeness
from days
join most using (platform, account_id)
order by place, campaign_id = $campaign desc, starts desc, campaign_id, number
