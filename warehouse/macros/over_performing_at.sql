-- The posts of each campaign at one age, ranked by how far above what was expected of their account they were.
-- Arguments:
--   of_metric: views, shares, retweets, reactions, comments or interactions, in any case
--   at_age: whole local days since the day of publication, which is 0; up to 30
-- Grain: campaign_id, platform, post_id
--
-- Posts of which nothing was expected, for want of earlier ones, have no place. Interactions are comparable only where the same parts
-- are told. How the score is made is said at marts.over_performing.
with asked as (
    -- No rows would hide a mistake; why range() is said in macros.py.
    select 1
    from range(case
        when coalesce(lower(trim(of_metric)), '') not in ('views', 'shares', 'retweets', 'reactions', 'comments', 'interactions')
            then error(format(
                'no metric is called ''{}'': give views, shares, retweets, reactions, comments or interactions',
                coalesce(of_metric, 'NULL')
            ))
        when at_age::double between 0 and 30 and at_age::double % 1 = 0 then 1
        else error(format(
            'no post is compared at an age of {} days: give whole days from 0 to 30', coalesce(at_age::varchar, 'NULL')
        ))
    end)
)

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
    score,
    -- Metrics that the platform told of the post at that age and that are added up in actual.
    parts
from asked, marts.over_performing
join marts.posts using (campaign_id, platform, post_id)
where metric = lower(trim(of_metric)) and age_days = at_age::integer and score is not null
order by campaign_id, rank, platform, post_id
