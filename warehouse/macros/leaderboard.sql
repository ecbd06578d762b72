-- The most viewed assets of each campaign, over every platform they appeared on.
-- Arguments:
--   n: how many of each campaign; where several are level at the last place, all of them are shown
-- Grain: campaign_id, asset_id
--
-- Lifetime totals at the last readings. Posts that no asset lists have places of their own: WHERE is_listed leaves them out.
with asked as (
    -- No rows would hide a mistake; why range() is said in macros.py.
    select 1
    from range(case
        when n >= 1 then 1
        else error(format('a leaderboard has 1 place or more, not {}: give how many', coalesce(n::varchar, 'NULL')))
    end)
)

select
    -- Campaign.
    campaign_id,
    -- Place by views, from 1.
    views_rank as rank,
    -- Asset, or platform:post for a post that no asset lists.
    asset_id,
    -- Title of the asset.
    asset_title,
    -- Side whose content the asset is.
    side_id,
    -- Lifetime views over the platforms that tell them.
    views,
    -- Lifetime shares; a retweet is not a share.
    shares,
    -- Lifetime retweets.
    retweets,
    -- Platforms that it appeared on.
    platforms,
    -- The team's labels; empty for posts that no asset lists.
    tags,
    -- Whether the team listed it as an asset.
    is_listed
from asked
cross join marts.asset_totals
where views is not null and views_rank <= n
order by campaign_id, views_rank, asset_id
