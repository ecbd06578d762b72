-- What each post gained in each metric on each local day of its campaign.
-- Grain: campaign_id, platform, post_id, metric, day
--
-- A video's counter that several posts share appears with each of them; add posts up through asset_daily or account_daily,
-- which count it once.
select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- The platform's id of the account that posted it.
    any_value(account_id) as account_id,
    -- Asset that the post is an appearance of.
    any_value(asset_id) as asset_id,
    -- views, shares, retweets, reactions, comments, quotes, impressions …
    post_counters.metric as metric,
    -- Local day.
    day,
    -- What the counter moved in the day; below zero when the platform took some back.
    sum(gain)::bigint as gain,
    -- Lifetime total at the end of the day.
    sum(total)::bigint as total,
    -- complete, estimated or open.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], completeness))] as completeness,
    -- What the gain was computed from: counter, the difference of a lifetime counter's readings.
    'counter' as source,
    -- The platform's own name of the counter; its definition is in marts.metrics.
    any_value(native_name) as native_name,
    -- Whether the platform took more back than it gave.
    sum(gain) < 0 as was_revised_down
from facts.assignments
join registry.campaigns using (campaign_id)
join facts.post_counters using (platform, post_id)
join facts.gains on gains.timezone = campaigns.timezone
    and gains.platform = post_counters.platform
    and gains.object_type = post_counters.object_type
    and gains.object_id = post_counters.object_id
    and gains.metric = post_counters.native_name
group by campaign_id, platform, post_id, post_counters.metric, day
