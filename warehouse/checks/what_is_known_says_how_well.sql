-- Every number of a day that is known says how well, in one of three words, and one that is not known says nothing.
-- Severity: error
select campaign_id, kind, name, platform, day
from facts.group_days
semi join scope.days using (campaign_id, day)
where (views is null) <> (views_completeness is null)
    or (shares is null) <> (shares_completeness is null)
    or (retweets is null) <> (retweets_completeness is null)
    or (reactions is null) <> (reactions_completeness is null)
    or (comments is null) <> (comments_completeness is null)
    or (quotes is null) <> (quotes_completeness is null)
    or views_completeness not in ('complete', 'estimated', 'open')
    or shares_completeness not in ('complete', 'estimated', 'open')
    or retweets_completeness not in ('complete', 'estimated', 'open')
    or reactions_completeness not in ('complete', 'estimated', 'open')
    or comments_completeness not in ('complete', 'estimated', 'open')
    or quotes_completeness not in ('complete', 'estimated', 'open')
