-- What share of each audience saw the campaign's advertising, as an interval.
-- Grain: campaign_id, audience_id, metric
--
-- Paid reach only: no platform tells by area or age whom unpaid posts reached. Reach is of the whole window at once and is never
-- added up over days. The size of an audience is the platform's estimate of accounts active there, not of residents, so a share
-- may be above 1. An audience without figures has its row, and NULL in it.
with windows as (
    select
        campaign_id,
        audience_id,
        arg_max(
            {'first_day': first_day, 'last_day': last_day, 'value': latest.value, 'observed_at': latest.observed_at},
            (last_day, latest.observed_at, latest.response_id)
        ) as best
    from registry.audiences
    join registry.campaigns using (campaign_id)
    join summaries.periods on periods.platform = audiences.platform
        and periods.object_type = 'advertising'
        and periods.object_id = audiences.ad_account || '?' || audiences.filtering
        and periods.breakdown = audiences.breakdown
    join dictionary.metrics on metrics.platform = periods.platform
        and metrics.object_type = periods.object_type
        and metrics.native_name = periods.metric
    where metrics.kind = 'window'
        and metrics.canonical_name = 'reach'
        -- Another campaign may advertise on the same account, and its windows lie inside this one's days. Each is asked
        -- from its own first day.
        and first_day = starts
        and last_day <= ends
    group by all
),

sizes as (
    select
        campaign_id,
        audience_id,
        -- The estimate nearest to the window's end, and without a window the latest.
        arg_min(
            {'day': day, 'low': low, 'high': high},
            (coalesce(abs(date_diff('day', windows.best.last_day, day)), 0), -epoch(day))
        ) as best
    from registry.audiences
    join facts.audience_sizes on audience_sizes.platform = audiences.platform
        and audience_sizes.object_id = audiences.ad_account || '?' || audiences.targeting
    left join windows using (campaign_id, audience_id)
    group by all
)

select
    -- Campaign.
    campaign_id,
    -- Audience.
    audience_id,
    -- Name of the audience for people.
    audience_label,
    -- Platform of the advertising.
    platform,
    -- reach: people who saw it at least once.
    'reach' as metric,
    -- paid: reached by advertising.
    'paid' as kind,
    -- People of the audience reached in the window; null when not known.
    windows.best.value as reach,
    -- Least number of people in the audience; null when not known.
    sizes.best.low as audience_low,
    -- Largest number of people in the audience.
    sizes.best.high as audience_high,
    -- Share if the audience is as large as it may be; null when not known.
    windows.best.value::double / nullif(sizes.best.high, 0) as share_low,
    -- Share if it is as small as it may be; may be above 1.
    windows.best.value::double / nullif(sizes.best.low, 0) as share_high,
    -- Day of the estimate of the audience.
    sizes.best.day as as_of,
    -- First day of the window, in the advertising account's calendar.
    windows.best.first_day as first_day,
    -- Last day of the window.
    windows.best.last_day as last_day,
    -- When the reach was read.
    windows.best.observed_at as reach_as_of
from registry.audiences
left join windows using (campaign_id, audience_id)
left join sizes using (campaign_id, audience_id)
