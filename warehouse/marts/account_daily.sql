-- What the posts of each account gained on each local day of the campaign.
-- Grain: campaign_id, platform, account_id, day
-- Made: view
with posted as (
    select
        campaign_id,
        assignments.platform as platform,
        assignments.account_id as account_id,
        (created_at at time zone timezone)::date as day,
        count(*) as posts
    from facts.assignments
    join registry.campaigns using (campaign_id)
    join facts.posts using (platform, post_id)
    where created_at is not null and assignments.account_id is not null
    group by all
),

gained as (
    select * exclude (kind, name), name as account_id
    from facts.group_days
    where kind = 'account'
)

select
    -- Campaign whose zone ends the day.
    campaign_id,
    -- Side the account speaks for; null for accounts that the registry does not name.
    registered.side_id as side_id,
    -- The platform's id of the account.
    account_id,
    -- Platform of the account.
    platform,
    -- Name in the account's address, as the registry spells it, else as the platform does.
    coalesce(registered.handle, names.latest.handle) as handle,
    -- Local day.
    day,
    -- Posts published in the day that count for the campaign.
    coalesce(posted.posts, 0)::bigint as posts,
    -- Views gained by the account's posts; null where the platform tells none.
    gained.views as views,
    -- Shares gained; a retweet is not a share.
    gained.shares as shares,
    -- Retweets gained.
    gained.retweets as retweets,
    -- Reactions gained, likes among them.
    gained.reactions as reactions,
    -- Comments or replies gained.
    gained.comments as comments,
    -- Quoting posts gained.
    gained.quotes as quotes,
    -- As complete as the worst of its posts' counters; null on days without readings.
    gained.completeness as completeness,
    -- As complete as the worst of its posts' counters of views; null where views is.
    gained.views_completeness as views_completeness,
    -- As complete as the worst of its posts' counters of shares; null where shares is.
    gained.shares_completeness as shares_completeness,
    -- As complete as the worst of its posts' counters of retweets; null where retweets is.
    gained.retweets_completeness as retweets_completeness,
    -- As complete as the worst of its posts' counters of reactions; null where reactions is.
    gained.reactions_completeness as reactions_completeness,
    -- As complete as the worst of its posts' counters of comments; null where comments is.
    gained.comments_completeness as comments_completeness,
    -- As complete as the worst of its posts' counters of quotes; null where quotes is.
    gained.quotes_completeness as quotes_completeness,
    -- Whether a platform took something back from one of its counters.
    coalesce(gained.was_revised_down, false) as was_revised_down,
    -- Whether a platform's own number for the day stands in for a counter that did not cover it.
    coalesce(gained.is_filled, false) as is_filled
from gained
full join posted using (campaign_id, platform, account_id, day)
left join summaries.accounts as names using (platform, account_id)
left join facts.campaign_accounts as registered using (campaign_id, platform, account_id)
