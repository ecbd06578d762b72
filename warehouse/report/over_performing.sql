-- The posts of our side whose interactions a day after publication were furthest above what their accounts are used to.
-- Grain: platform, post_id
select
    asset_title as post,
    try_cast(score as decimal(18, 1)) as "times as many",
    actual as interactions,
    round(expected)::bigint as expected,
    coalesce('@' || best.handle, posts.account_id) as account,
    platform,
    best.created_at as posted,
    array_to_string(parts, ', ') as "added up",
    case when not is_gone then permalink end as address
from over_performing_at('interactions', 1) as best
join (from marts.posts select campaign_id, platform, post_id, account_id, side_id, is_gone) as posts
    using (campaign_id, platform, post_id)
join registry.sides using (campaign_id, side_id)
join registry.campaigns using (campaign_id)
where campaign_id = $campaign
    and is_ours
    and score >= 1
    and (best.created_at at time zone timezone)::date between starts and ends
order by score desc, platform, post_id
limit 10
