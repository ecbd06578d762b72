-- The accounts that campaigns name, by the platforms' own ids.
-- Grain: campaign_id, platform, account_id
--
-- The registry may name one account twice, by its handle and by its id. A handle stands for the account that has it, and where
-- none has it now for the one that had it last: an account that was renamed keeps its posts.
with holders as (
    select handles.platform, handles.handle, handles.account_id
    from summaries.handles
    left join summaries.accounts using (platform, account_id)
    qualify row_number() over (
        partition by handles.platform, handles.handle
        order by
            coalesce(lower(accounts.latest.handle) = handles.handle, false) desc,
            handles.last_seen_at desc,
            handles.account_id
    ) = 1
),

named as (
    select campaign_id, side_id, platform, account_id, handle, is_watched
    from registry.accounts
    where account_id is not null
    union all
    select campaign_id, side_id, platform, holders.account_id, accounts.handle, is_watched
    from registry.accounts
    join holders using (platform)
    where holders.handle = lower(accounts.handle)
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the account.
    platform,
    -- The platform's id of the account.
    account_id,
    -- Whether posts are discovered on it.
    bool_or(is_watched) as is_watched,
    -- Side the account speaks for.
    min(side_id) as side_id,
    -- Name in the account's address, as the registry spells it; null when it gives only the id.
    min(handle) as handle
from named
group by campaign_id, platform, account_id
