-- What a platform has told of an account's posts it goes on telling, as long as it answers for them at all.
-- Severity: warning
with told as (
    select
        campaign_id,
        campaigns.timezone as timezone,
        posts.platform as platform,
        account_id,
        coalesce(any_value(handle), account_id) as account,
        post_counters.metric as metric,
        native_name,
        max(last_at) as last_at,
        count(distinct post_id) as posts
    from marts.posts
    join registry.campaigns using (campaign_id)
    join facts.post_counters using (platform, post_id)
    join facts.counters on counters.timezone = campaigns.timezone
        and counters.platform = post_counters.platform
        and counters.object_type = post_counters.object_type
        and counters.object_id = post_counters.object_id
        and counters.metric = post_counters.native_name
    where not is_gone
        and account_id is not null
        and post_counters.metric in ('views', 'shares', 'retweets', 'reactions', 'comments', 'quotes')
    group by campaign_id, campaigns.timezone, posts.platform, account_id, post_counters.metric, native_name
),

compared as (
    select *, max(last_at) over (partition by campaign_id, platform, account_id) as newest_at
    from told
)

select
    campaign_id,
    platform,
    platform || ':' || account || ' ' || native_name as subject,
    format(
        'was last told at {} for {:,} posts and their other numbers at {}; no {} are known since, '
            || 'and if the metric was withdrawn the dictionary needs its successor',
        strftime(last_at at time zone timezone, '%Y-%m-%d %H:%M'),
        posts,
        strftime(newest_at at time zone timezone, '%Y-%m-%d %H:%M'),
        metric
    ) as detail,
    (last_at at time zone timezone)::date as first_day,
    (newest_at at time zone timezone)::date as last_day,
    posts as weight
from compared
where last_at + interval 2 day <= newest_at
