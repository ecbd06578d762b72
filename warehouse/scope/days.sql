-- Which days of which campaigns a build adds up again: those on which anything changed that is added up.
-- Grain: campaign_id, day
-- Later days than a counter's last count as missing it while it is expected to answer.
create or replace temp table regrouped as
with now as (select campaign_id, kind, name, platform, metric, counter_id, is_live, last_day from facts.group_counters),

earlier as (select campaign_id, kind, name, platform, metric, counter_id, is_live, last_day from before.group_counters)

select campaign_id, counter_id, min(last_day) as last_day
from (
    select *
    from now
    anti join earlier using (campaign_id, kind, name, platform, metric, counter_id, is_live)
    union all
    select *
    from earlier
    anti join now using (campaign_id, kind, name, platform, metric, counter_id, is_live)
)
group by campaign_id, counter_id;

-- Posts that count elsewhere, or for which another counter speaks: that decides, too, which of the platform's days stand in.
create or replace temp table reassigned as
with assigned as (select campaign_id, platform, post_id, asset_id, account_id, side_id from facts.assignments),

assigned_before as (select campaign_id, platform, post_id, asset_id, account_id, side_id from before.assignments),

counted as (select campaign_id, platform, post_id, metric, counter_id from facts.campaign_counters),

counted_before as (select campaign_id, platform, post_id, metric, counter_id from before.campaign_counters)

select campaign_id, platform, post_id
from ((from assigned except from assigned_before) union all (from assigned_before except from assigned))
union
select campaign_id, platform, post_id
from ((from counted except from counted_before) union all (from counted_before except from counted));

create or replace temp table rezoned as
select campaign_id
from registry.campaigns
join before.campaigns as earlier using (campaign_id)
where campaigns.timezone <> earlier.timezone;

-- Posts of another age than before: which of their days are the first hangs on it.
create or replace temp table aged_otherwise as
select distinct campaign_id, counter_id
from facts.posts
join before.posts as earlier using (platform, post_id)
join facts.campaign_counters using (platform, post_id)
where posts.created_at is distinct from earlier.created_at;

insert into scope.days
with fresh_periods as (
    select distinct unnest(periods).first_day as day
    from readings.fresh
    where object_type = 'post'
)

select distinct campaign_id, day
from regrouped
join facts.gains using (counter_id)
union
-- Days that counters gave or that the platform filled in, later than the counter's last.
select distinct campaign_id, day
from (select campaign_id, min(last_day) as last_day from regrouped group by campaign_id) as since
join facts.group_days using (campaign_id)
where day >= last_day
union
select distinct campaign_id, day
from aged_otherwise
join facts.gains using (counter_id)
union
select distinct campaign_id, day
from reassigned
join facts.platform_days on platform_days.platform = reassigned.platform
    and object_type = 'post'
    and object_id = post_id
union
select distinct campaign_id, day
from rezoned
join facts.group_days using (campaign_id)
union
select distinct campaign_id, day
from rezoned
cross join facts.platform_days
where object_type = 'post'
union
select campaign_id, day
from fresh_periods, registry.campaigns;

-- A platform's day lies on two of the campaign's.
insert into scope.days
select campaign_id, unnest([day - 1, day + 1])
from (select distinct campaign_id, day from scope.days)
where exists (from summaries.periods where object_type = 'post');

create or replace table scope.days as select distinct campaign_id, day from scope.days;

set variable days_from = (select coalesce(min(day), 'infinity'::date) from scope.days);
