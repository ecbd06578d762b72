-- Every name that an account has had in its address, so that an account which was renamed keeps its posts.
-- Grain: platform, account_id, handle
--
-- Answers that tell only what was asked of a name, and not whose it is, put an @ before it; they name no account.
create table if not exists summaries.handles (
    -- Platform.
    platform varchar,
    -- The platform's id of the account.
    account_id varchar,
    -- The name, lower case.
    handle varchar,
    -- Last answer that called it so.
    last_seen_at timestamptz
);

merge into summaries.handles
using (
    select platform, account_id, handle, max(last_seen_at) as last_seen_at
    from (
        select platform, object_id as account_id, lower(handle) as handle, observed_at as last_seen_at
        from readings.fresh
        where object_type = 'account' and state = 'present' and handle <> '' and not starts_with(object_id, '@')
        union all
        select before.*
        from summaries.handles as before
        semi join readings.fresh as fresh on before.platform = fresh.platform and before.account_id = fresh.object_id
    )
    group by all
) as merged
using (platform, account_id, handle)
when matched then update
when not matched then insert;
