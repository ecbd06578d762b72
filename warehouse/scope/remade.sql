-- The campaign days that the gains of this build's counters lie on: run before they are taken out and after they are put in.
-- Grain: campaign_id, day
insert into scope.days
select distinct campaign_id, day
from facts.gains
join scope.counters using (counter_id)
join facts.counters using (counter_id)
join registry.campaigns using (timezone)
where day >= getvariable('gains_from')
    and day between scope.counters.first_day and scope.counters.last_day;
