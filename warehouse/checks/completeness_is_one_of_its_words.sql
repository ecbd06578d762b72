-- Every day says how well it is known, in one of three words.
-- Severity: error
with said as (
    select 'facts.gains' as said_in, completeness from facts.gains semi join scope.counters using (counter_id)
    union all
    select 'facts.filled_days', completeness from facts.filled_days semi join scope.days using (campaign_id, day)
    union all
    select 'facts.group_days', completeness from facts.group_days semi join scope.days using (campaign_id, day)
    union all
    select 'marts.hashtag_daily', completeness from marts.hashtag_daily
    union all
    select 'marts.site_daily', completeness from marts.site_daily
)

select said_in, completeness, count(*) as days
from said
where completeness is null or completeness not in ('complete', 'estimated', 'open')
group by all
