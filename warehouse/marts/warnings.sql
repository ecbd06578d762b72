-- What the last build found that does not stop it and that somebody should look at, the weightiest of each check first.
-- Grain: check_name, campaign_id, position
--
-- `offenders` holds what the checks of the severity "warning" returned; they run when every other mart is made. The same
-- readings and registry give the same rows: "now" is the newest reading, not the clock of the build.
with placed as (
    select
        *,
        row_number() over (
            partition by check_name, campaign_id
            order by weight desc, platform, subject, detail, first_day, last_day
        ) as position,
        count(*) over (partition by check_name, campaign_id) as found
    from offenders
)

select
    -- Check that found it: the claim that does not hold.
    check_name,
    -- Campaign that it concerns.
    campaign_id,
    -- 1 for the weightiest of what the check found of the campaign.
    position,
    -- Platform that it concerns; null where it is none's.
    platform,
    -- What it is about: a platform, platform:account, platform:post and its metric, or an asset.
    subject,
    -- What was found, and what can be done.
    detail,
    -- First local day that it concerns; null where it has none.
    first_day,
    -- Last local day that it concerns; null where it has none.
    last_day,
    -- How many the check found of the campaign; of more than 100 only the weightiest 100 have a row.
    found
from placed
where position <= 100
