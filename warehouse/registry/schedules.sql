-- How often each campaign's posts are read on each platform, by their age: the schedule that was in force with the registry.
-- Grain: campaign_id, platform, from_age_hours
--
-- A registry that landed before its schedule did has no rows: how often its posts should have been read is not known.
with rows as (
    select campaign_id, read_until, reading, position
    from (
        select campaign.id as campaign_id, campaign.read_until as read_until, campaign.reading as rows
        from (
            select unnest(from_json(body, '{"campaigns": [{
                "id": "VARCHAR",
                "read_until": "DATE",
                "reading": [{
                    "platform": "VARCHAR", "cadence": "VARCHAR", "younger_than_hours": "BIGINT", "every_hours": "BIGINT"
                }]
            }]}').campaigns) as campaign
            from registry_in_force
        )
    ),
    unnest(rows) with ordinality as listed(reading, position)
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the posts.
    reading.platform as platform,
    -- Age from which the row holds; 0 for a post that was just made.
    coalesce(lag(reading.younger_than_hours) over (partition by campaign_id, reading.platform order by position), 0)
        as from_age_hours,
    -- Age from which it no longer does; null where it holds for good.
    reading.younger_than_hours as to_age_hours,
    -- A post of that age is read so often.
    reading.every_hours as every_hours,
    -- by age: so many hours after it was read last; daily: once a local day, at the first run after midnight.
    reading.cadence as cadence,
    -- Last local day on which the campaign's posts are read.
    read_until
from rows
