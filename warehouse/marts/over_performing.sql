-- How each post did against what its account's posts before it had reached at the same age.
-- Grain: campaign_id, platform, post_id, metric, age_days
-- Made: view
--
-- What was expected is the mean of the middle half of the account's last 100 posts before it: of n posts with a figure at that age the
-- lowest and the highest n // 4 are left out. Of fewer than four nothing is expected. The score is what the published definition of
-- over-performing says: actual / expected for a post that did as expected or better, -expected / actual for one that did worse,
-- -2 * expected for one that has nothing. Neither weights nor a least expectation are applied, and kinds of posts are not told apart.
-- The account's posts are those that count for the campaign; days that are still open have no rows. Age is in local days, so the
-- figures of age 0 are of the hours that the first day had left. Ask for one metric and one age: the rest is then not worked out.
-- Interactions add up what is told, of posts with likes hidden no reactions: they are comparable only where the same parts are told,
-- with the posts they are held against and with one another. The column parts shows which.
with aged as (
    select
        campaign_id,
        platform,
        post_id,
        posts.account_id as account_id,
        posts.created_at as created_at,
        metric,
        age_days,
        total,
        list_position(['complete', 'estimated', 'open'], completeness) as known
    from facts.first_days
    join marts.posts using (campaign_id, platform, post_id)
    where posts.account_id is not null
),

figures as (
    select campaign_id, platform, post_id, account_id, created_at, metric, age_days, total, known, [metric] as parts
    from aged
    where metric in ('views', 'shares', 'retweets', 'reactions', 'comments')

    union all

    -- As far as the platform tells them; a day on which one of them is open is open.
    select
        campaign_id,
        platform,
        post_id,
        account_id,
        created_at,
        'interactions',
        age_days,
        sum(total)::bigint,
        max(known),
        list(metric order by metric)
    from aged
    where metric in ('shares', 'retweets', 'reactions', 'comments', 'quotes')
    group by all
),

-- Of up to 100 figures the highest quarter is left out: 75 are enough, and to sort a hundred takes twice the time.
compared as (
    select
        *,
        count(*) over posts_before as benchmark_posts,
        min(total, 75) over posts_before as lowest
    from figures
    where known < 3
    window posts_before as (
        partition by campaign_id, platform, account_id, metric, age_days
        order by created_at, post_id
        rows between 100 preceding and 1 preceding
    )
),

expectations as (
    select
        *,
        case
            when benchmark_posts >= 4
                then list_sum(lowest[benchmark_posts // 4 + 1 : benchmark_posts - benchmark_posts // 4])::double
                    / (benchmark_posts - 2 * (benchmark_posts // 4))
        end as expected
    from compared
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    account_id,
    -- views, shares, retweets, reactions, comments, or interactions: all of them and quotes but views, as far as they are told, and so
    -- comparable only where the same parts are.
    metric,
    -- Local days since the day of publication, which is 0; up to 30.
    age_days,
    -- Lifetime total at the end of that day.
    total as actual,
    -- Mean of the middle half of the account's last 100 posts at that age; null with fewer than four.
    expected,
    -- How many posts there were to compare with, at most 100.
    benchmark_posts,
    -- actual / expected; null when nothing was expected.
    total / nullif(expected, 0) as ratio,
    -- ratio from 1 on, else how many times less than expected it was, below zero; null when nothing was expected.
    case
        when expected = 0 then null
        when total >= expected then total / expected
        when total = 0 then -2 * expected
        else -expected / total
    end as score,
    -- How well the total at the end of that day is known: complete or estimated.
    ['complete', 'estimated'][known] as completeness,
    -- Metrics that are added up in actual: of interactions those that are told of the post at that age; else the metric alone.
    parts
from expectations
