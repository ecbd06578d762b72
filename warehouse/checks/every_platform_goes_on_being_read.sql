-- No platform of a campaign falls silent before the campaign ends while others are still read.
-- Severity: warning
with lives as (
    select campaign_id, platform, counter_id
    from facts.campaign_counters
    where is_live
    union
    select campaign_id, platform, counter_id
    from facts.campaign_accounts
    join facts.counters using (platform)
    where object_type = 'account' and object_id = account_id
),

read_until as (
    select campaign_id, campaigns.timezone as timezone, ends, lives.platform as platform, max(last_at) as last_at
    from lives
    join registry.campaigns using (campaign_id)
    join facts.counters on counters.counter_id = lives.counter_id and counters.timezone = campaigns.timezone
    group by all
),

compared as (
    select
        *,
        max(last_at) over (partition by campaign_id) as newest_at,
        (last_at at time zone timezone)::date as last_day
    from read_until
)

select
    campaign_id,
    platform,
    platform as subject,
    format(
        'was last read at {} and others at {}; campaign status and the last collect say what keeps it from answering',
        strftime(last_at at time zone timezone, '%Y-%m-%d %H:%M'),
        strftime(newest_at at time zone timezone, '%Y-%m-%d %H:%M')
    ) as detail,
    last_day as first_day,
    (newest_at at time zone timezone)::date as last_day,
    date_diff('hour', last_at, newest_at) as weight
from compared
where newest_at - last_at > interval 2 day and compared.last_day < ends
