-- No day of any counter: what the scope is worked out from where a build has read nothing new.
-- Grain: counter_id, day
create or replace temp table changed_days as from summaries.counter_days limit 0;

create or replace temp table touched_days as from summaries.counter_days limit 0;
