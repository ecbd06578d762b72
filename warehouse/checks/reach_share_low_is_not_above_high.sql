-- A share of an audience is an interval in its order, of a reach over the audience's bounds.
-- Severity: error
select campaign_id, audience_id, share_low, share_high
from marts.reach_share
where share_low > share_high
    or (share_low is null) <> (reach is null or audience_high is null or audience_high = 0)
    or (share_high is null) <> (reach is null or audience_low is null or audience_low = 0)
