-- Every platform on which a campaign that has begun watches an account or lists a post has shown something.
-- Severity: warning
with named as (
    select campaign_id, platform, count(*) as accounts, 0 as posts
    from registry.accounts
    where is_watched
    group by all
    union all
    select campaign_id, platform, 0, count(*)
    from registry.listed_posts
    group by all
)

select
    campaign_id,
    platform,
    platform as subject,
    format(
        'has shown nothing, and the registry watches {} of its accounts and lists {} of its posts; '
            || 'campaign check says whether its credential is there',
        sum(accounts)::bigint,
        sum(posts)::bigint
    ) as detail,
    any_value(starts) as first_day,
    null::date as last_day,
    sum(accounts + posts)::bigint as weight
from named
join registry.campaigns using (campaign_id)
anti join (
    select platform from facts.posts
    union all
    select platform from facts.counters
) as seen using (platform)
where starts <= (select max(last_at)::date from facts.counters)
group by campaign_id, platform
