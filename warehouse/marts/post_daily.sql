-- What each post gained in each metric on each local day of its campaign.
-- Grain: campaign_id, platform, post_id, metric, day
-- Made: view
--
-- A video's counter that several posts share appears with each of them; add posts up through asset_daily or account_daily,
-- which count it once.
with daily as (
    select
        campaign_id,
        campaign_counters.platform as platform,
        post_id,
        campaign_counters.metric as metric,
        day,
        -- A post with two videos has two counters of the same kind.
        sum(gain)::bigint as gain,
        sum(total)::bigint as total,
        ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], completeness))] as completeness,
        case bit_or(sources) when 2 then 'export' when 3 then 'counter and export' else 'counter' end as source,
        any_value(native_name) as native_name,
        bool_or(gain < 0) as was_revised_down,
        sum(taken_back)::bigint as taken_back,
        sum(glitches)::bigint as glitches
    from facts.campaign_counters
    join facts.gains using (counter_id)
    group by all

    union all

    select campaign_id, platform, post_id, metric, day, value, null, completeness, 'platform', native_name, false, 0, 0
    from facts.filled_days
)

select
    -- Campaign whose zone ends the day.
    daily.campaign_id as campaign_id,
    -- Platform of the post.
    daily.platform as platform,
    -- The platform's id of the post.
    daily.post_id as post_id,
    -- The platform's id of the account that posted it.
    assignments.account_id as account_id,
    -- Asset that the post is an appearance of.
    assignments.asset_id as asset_id,
    -- views, shares, retweets, reactions, comments, quotes, impressions …
    metric,
    -- Local day.
    day,
    -- What the counter moved in the day; below zero when the platform took some back.
    gain,
    -- Lifetime total at the end of the day; null where the platform told only what the day brought.
    total,
    -- complete, estimated or open.
    completeness,
    -- What the gain was computed from: counter, the difference of a lifetime counter's readings; export, that of readings that were
    -- imported; counter and export; platform, what the platform itself says of a day that no counter covers.
    source,
    -- The platform's own name of the counter or value; its definition is in marts.metrics.
    native_name,
    -- Whether the platform took more back than it gave.
    was_revised_down,
    -- How much the platform is seen to have taken back in the day, whatever it gave otherwise.
    taken_back,
    -- Readings of the day that were set aside as glitches.
    glitches
from daily
join facts.assignments on assignments.campaign_id = daily.campaign_id
    and assignments.platform = daily.platform
    and assignments.post_id = daily.post_id
