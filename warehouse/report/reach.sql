-- What share of each audience the advertising reached: an interval, because audiences are estimated as ranges.
-- Grain: audience
select
    audience_label as audience,
    reach,
    audience_low as "audience, at least",
    audience_high as "audience, at most",
    (100 * share_low)::decimal(5, 1) as "% from",
    (100 * share_high)::decimal(5, 1) as "% to",
    kind,
    as_of as "as of"
from marts.reach_share
where campaign_id = $campaign
order by share_low desc nulls last, audience_label
