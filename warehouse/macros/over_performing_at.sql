-- The posts of each campaign at one age, ranked by how far above what was expected of their account they were.
-- Arguments:
--   of_metric: views, shares, retweets, reactions, comments or interactions
--   at_age: whole local days since the day of publication, which is 0; up to 30
-- Grain: campaign_id, platform, post_id
--
-- Posts of which nothing was expected, for want of earlier ones, have no place. How the score is made is said at marts.over_performing.
select
    -- Campaign.
    campaign_id,
    -- Place by score within the campaign, from 1.
    rank() over (partition by campaign_id order by score desc)::bigint as rank,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- Name in the account's address; null until an answer named it.
    handle,
    -- Title of the asset that the post is an appearance of.
    asset_title,
    -- Address of the post.
    permalink,
    -- When it was posted.
    created_at,
    -- Lifetime total at the end of that day.
    actual,
    -- Mean of the middle half of the account's last 100 posts at that age.
    expected,
    -- How many posts there were to compare with.
    benchmark_posts,
    -- From 1 on: that many times what was expected; below zero: that many times less.
    score
from marts.over_performing
join marts.posts using (campaign_id, platform, post_id)
where metric = of_metric and age_days = at_age and score is not null
order by campaign_id, rank, platform, post_id
