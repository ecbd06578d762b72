-- The campaigns of the published tables, and up to when each is known.
-- Grain: campaign_id
--
-- A report has no clock: its day follows from the newest reading. A reading at midnight ends the day before.
with read_until as (
    select campaign_id, max(last_seen_at) as newest_reading_at
    from marts.asset_totals
    group by campaign_id
)

select
    campaign_id,
    campaign_name,
    starts,
    ends,
    timezone,
    newest_reading_at,
    -- The local day that the newest reading lies in, or ends.
    ((newest_reading_at - interval 1 microsecond) at time zone timezone)::date as last_day,
    -- The last local day that is over by then.
    (newest_reading_at at time zone timezone)::date - 1 as closed_day
from registry.campaigns
left join read_until using (campaign_id)
order by starts desc, campaign_id
