-- What each asset gained on each local day of its campaign, over all platforms.
-- Grain: campaign_id, asset_id, day
--
-- Of posts alone: mentions of hashtags and shares of addresses are in marts.hashtag_daily and marts.site_daily.
with reach as (
    select campaign_id, asset_id, platform, max(day) as last_day
    from marts.asset_platform_daily
    group by all
),

whole as (
    select campaign_id, asset_id, min(last_day) as whole_until
    from reach
    semi join (
        select campaign_id, asset_id, platform
        from facts.asset_counters
        group by all
        having not bool_and(is_gone)
    ) as live using (campaign_id, asset_id, platform)
    group by all
)

select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- Side whose content the asset is.
    any_value(side_id) as side_id,
    -- Asset, or platform:post for a post that no asset lists.
    asset_id,
    -- Title of the asset.
    any_value(asset_title) as asset_title,
    -- Local day.
    day,
    -- Views gained, over the platforms that tell them; null where none does.
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
    -- As complete as the worst of its posts: complete, estimated or open.
    case
        when bool_or(completeness = 'open') or day > any_value(whole_until) then 'open'
        when bool_or(completeness = 'estimated') then 'estimated'
        else 'complete'
    end as completeness,
    -- Whether a platform took something back from one of its counters.
    bool_or(was_revised_down) as was_revised_down
from marts.asset_platform_daily
left join whole using (campaign_id, asset_id)
group by campaign_id, asset_id, day
