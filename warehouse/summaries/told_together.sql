-- Which counters a platform tells in one answer: where one of them is missing from it, the platform has left it out.
-- Grain: platform, object_type, metric, other_object_type, other_metric
--
-- Of the platform's API alone: what an export leaves out says nothing of the platform.
create table if not exists summaries.told_together (
    -- Platform.
    platform varchar,
    -- Object of the counter: post, media, account or site.
    object_type varchar,
    -- The platform's own name of the counter.
    metric varchar,
    -- Object of another counter that came in the same answer.
    other_object_type varchar,
    -- The platform's own name of that other.
    other_metric varchar
);

merge into summaries.told_together
using (
    with answered as (
        select distinct platform, response_id, object_type, list_transform(counters, lambda counter: counter.metric) as metrics
        from readings.fresh
        where source = 'api' and counters <> []
    ),

    told as (
        select distinct platform, response_id, object_type, unnest(metrics) as metric from answered
    )

    select distinct told.platform, told.object_type, told.metric, others.object_type as other_object_type, others.metric as other_metric
    from told
    join told as others on others.platform = told.platform and others.response_id = told.response_id
    where (told.object_type, told.metric) <> (others.object_type, others.metric)
) as merged
using (platform, object_type, metric, other_object_type, other_metric)
when not matched then insert;
