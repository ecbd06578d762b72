-- What each side's posts gained on each platform inside the campaign's window.
-- Grain: campaign_id, side_id, platform
-- Made: view
select
    -- Campaign.
    campaign_id,
    -- Side whose content it is.
    name as side_id,
    -- Platform of the posts.
    platform,
    -- Views gained from the campaign's first day to its last; null where the platform tells none.
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
    sum(quotes)::bigint as quotes
from facts.group_days
join registry.campaigns using (campaign_id)
where kind = 'side' and day between starts and ends
group by campaign_id, name, platform
