-- What each asset gained on each platform on each local day of its campaign.
-- Grain: campaign_id, asset_id, platform, day
-- Made: view
select
    -- Campaign whose zone ends the day.
    group_days.campaign_id as campaign_id,
    -- Side whose content the asset is.
    assets.side_id as side_id,
    -- Asset, or platform:post for a post that no asset lists.
    assets.asset_id as asset_id,
    -- Title of the asset.
    assets.asset_title as asset_title,
    -- Platform of the posts.
    group_days.platform as platform,
    -- Local day.
    day,
    -- Views gained; null where the platform tells none.
    views,
    -- Shares gained; a retweet is not a share.
    shares,
    -- Retweets gained.
    retweets,
    -- Reactions gained, likes among them.
    reactions,
    -- Comments or replies gained.
    comments,
    -- Quoting posts gained.
    quotes,
    -- As complete as the worst of its posts' counters: complete, estimated or open.
    completeness,
    -- As complete as the worst of its posts' counters of views; null where views is.
    views_completeness,
    -- As complete as the worst of its posts' counters of shares; null where shares is.
    shares_completeness,
    -- As complete as the worst of its posts' counters of retweets; null where retweets is.
    retweets_completeness,
    -- As complete as the worst of its posts' counters of reactions; null where reactions is.
    reactions_completeness,
    -- As complete as the worst of its posts' counters of comments; null where comments is.
    comments_completeness,
    -- As complete as the worst of its posts' counters of quotes; null where quotes is.
    quotes_completeness,
    -- Whether a platform took something back from one of its counters.
    was_revised_down,
    -- Whether a platform's own number for the day stands in for a counter that did not cover it.
    is_filled
from facts.group_days
join facts.assets on assets.campaign_id = group_days.campaign_id and assets.asset_id = group_days.name
where kind = 'asset on a platform'
