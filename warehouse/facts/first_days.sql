-- How far each counted post had come at the end of each of its first 31 local days, for comparing posts at the same age.
-- Grain: campaign_id, platform, post_id, metric, day
-- Kept: days
--
-- What marts.post_daily has of those days, of the metrics that are compared: few rows where that has one for every day of a campaign.
with born as (
    select campaign_id, assignments.platform as platform, post_id, (created_at at time zone timezone)::date as born_on
    from facts.assignments
    join registry.campaigns using (campaign_id)
    join facts.posts using (platform, post_id)
    where created_at is not null
)

select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- Platform of the post.
    campaign_counters.platform as platform,
    -- The platform's id of the post.
    post_id,
    -- Canonical name: views, shares, retweets …
    campaign_counters.metric as metric,
    -- Local day.
    day,
    -- Local days since the day of publication, which is 0; up to 30.
    any_value(day - born_on)::integer as age_days,
    -- Lifetime total at the end of the day; a post with two videos has two counters of the same kind.
    sum(total)::bigint as total,
    -- As complete as the worst of its counters: complete, estimated or open.
    ['complete', 'estimated', 'open'][max(list_position(['complete', 'estimated', 'open'], completeness))] as completeness
from facts.campaign_counters
join born using (campaign_id, platform, post_id)
join facts.gains using (counter_id)
join scope.days using (campaign_id, day)
where campaign_counters.metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
    and day between born_on and born_on + 30
    and day >= getvariable('days_from')
group by campaign_id, campaign_counters.platform, post_id, campaign_counters.metric, day
