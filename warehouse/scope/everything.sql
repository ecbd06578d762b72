-- What a full build makes: every day of every counter and of every campaign.
create or replace table scope.counters as
select counter_id, '-infinity'::date as read_from, '-infinity'::date as first_day, 'infinity'::date as last_day
from facts.counters;

create or replace table scope.days as
select campaign_id, day
from facts.midnights
join registry.campaigns using (timezone)
union
select distinct campaign_id, day
from facts.platform_days, registry.campaigns
where object_type = 'post';

set variable gains_read_from = '-infinity'::date;
set variable gains_from = '-infinity'::date;
set variable days_from = '-infinity'::date;
