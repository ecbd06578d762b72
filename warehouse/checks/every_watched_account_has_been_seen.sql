-- Every account that a campaign that has begun watches has been seen, itself or a post of its own.
-- Severity: warning
with seen as (
    select platform, account_id from facts.posts where account_id is not null
    union
    select platform, account_id from summaries.handles
    union
    select platform, account_id from summaries.accounts
    union
    select platform, object_id from facts.counters where object_type = 'account'
)

select
    campaign_id,
    accounts.platform as platform,
    accounts.platform || ':' || coalesce(accounts.handle, accounts.account_id) as subject,
    'is watched and neither it nor a post of its own was ever shown; check its spelling, and whether it may be read' as detail,
    starts as first_day,
    null::date as last_day,
    1 as weight
from registry.accounts
join registry.campaigns using (campaign_id)
left join seen on seen.platform = accounts.platform and seen.account_id = accounts.account_id
left join (select distinct platform, handle from summaries.handles) as handles
    on handles.platform = accounts.platform and handles.handle = lower(accounts.handle)
where is_watched
    and seen.account_id is null
    and handles.handle is null
    and starts <= (select max(last_at)::date from facts.counters)
    and accounts.platform in (select platform from facts.posts)
