-- Which counters are added up together, each once, however many posts of the group share it.
-- Grain: campaign_id, kind, name, platform, metric, counter_id
select
    -- Campaign.
    campaign_id,
    -- asset, asset on a platform, account or side.
    kind,
    -- Asset, the platform's id of the account, or side.
    name,
    -- Platform of the posts; empty for an asset over all platforms.
    group_posts.platform as platform,
    -- Canonical name: views, shares, retweets …
    metric,
    -- Counter, of facts.counters.
    counter_id,
    -- Whether more readings of it are to be expected. Where every post that it speaks for is gone, its silence is no gap.
    bool_or(is_live) as is_live,
    -- Local day of its last reading.
    any_value(last_day) as last_day
from facts.group_posts
join facts.campaign_counters using (campaign_id, post_id)
where campaign_counters.platform = post_platform
group by campaign_id, kind, name, group_posts.platform, metric, counter_id
