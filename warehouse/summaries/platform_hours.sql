-- In which hours each platform's posts were read at all: an hour that is not here had no reading.
-- Grain: platform, hour
--
-- Earliest and latest of a union are the same in whatever order and however often the parts are joined. Imported exports are no
-- readings that were due.
create table if not exists summaries.platform_hours (
    -- Platform.
    platform varchar,
    -- Beginning of the hour, UTC.
    hour timestamptz,
    -- First answer in the hour that told a counter of a post or of its media.
    first_at timestamptz,
    -- Last such answer.
    last_at timestamptz
);

merge into summaries.platform_hours
using (
    select platform, hour, min(first_at) as first_at, max(last_at) as last_at
    from (
        select
            platform,
            to_timestamp(epoch_us(observed_at) // 3600000000 * 3600) as hour,
            observed_at as first_at,
            observed_at as last_at
        from readings.fresh
        where object_type in ('post', 'media') and len(counters) > 0 and source is distinct from 'export'
        union all
        select before.*
        from summaries.platform_hours as before
        semi join readings.fresh as fresh on before.platform = fresh.platform
    )
    group by all
) as merged
using (platform, hour)
when matched then update
when not matched then insert;
