-- What the platforms themselves give for days of their own calendars: the best value known of each.
-- Grain: platform, object_type, object_id, metric, breakdown, first_day, last_day
--
-- A value of whole days beats one of a part of them. Of two values of a part the larger saw more of it; of two of the whole the
-- later answer is the better one. The best of a union is the same in whatever order and however often the parts are joined.
create table if not exists summaries.periods (
    -- Platform.
    platform varchar,
    -- post, media, account, hashtag, site, audience or advertising.
    object_type varchar,
    -- The platform's id, or the subject as it was asked for.
    object_id varchar,
    -- The platform's own name, followed by /day or /window where it is no estimate.
    metric varchar,
    -- Part of the whole that the value is for, as age=18-24; empty for the whole.
    breakdown varchar,
    -- First day, in the platform's calendar.
    first_day date,
    -- Last day, inclusive.
    last_day date,
    -- The best value known, and the answer that gave it.
    latest struct(is_whole boolean, observed_at timestamptz, response_id varchar, value bigint)
);

merge into summaries.periods
using (
    select
        platform,
        object_type,
        object_id,
        metric,
        breakdown,
        first_day,
        last_day,
        -- The value is in the order too: one answer may say two things of one day.
        arg_max(latest, (latest.is_whole, case when latest.is_whole then 0 else latest.value end, latest)) as latest
    from (
        select
            platform,
            object_type,
            object_id,
            period.metric,
            period.breakdown,
            period.first_day,
            period.last_day,
            {
                'is_whole': period.is_whole,
                'observed_at': observed_at,
                'response_id': response_id,
                'value': period.value
            } as latest
        from (select platform, object_type, object_id, observed_at, response_id, unnest(periods) as period from readings.fresh)
        union all
        select before.*
        from summaries.periods as before
        semi join readings.fresh using (platform, object_type, object_id)
    )
    group by all
) as merged
using (platform, object_type, object_id, metric, breakdown, first_day, last_day)
when matched then update
when not matched then insert;
