-- What the published tables rest on: how many readings, and up to when they were taken in.
-- Grain: readings
select
    (select sum(polls)::bigint from summaries.counter_days) as readings,
    (select as_known_at from ops.basis) as as_known_at
