-- What is known of each account: the names of the latest sighting that named it.
-- Grain: platform, account_id
--
-- An account is seen in answers that do not name it too, as those that tell its days; and one that gives the name in its address
-- goes before one that gives only a title. The names come last in the order, so that no order of rows decides between two of one
-- answer.
create table if not exists summaries.accounts (
    -- Platform.
    platform varchar,
    -- The platform's id of the account.
    account_id varchar,
    -- The latest sighting that named it, and the names it showed.
    latest struct(observed_at timestamptz, response_id varchar, handle varchar, name varchar)
);

merge into summaries.accounts
using (
    select
        platform,
        account_id,
        arg_max(latest, (latest.handle is not null, latest)) as latest
    from (
        select
            platform,
            object_id as account_id,
            {'observed_at': observed_at, 'response_id': response_id, 'handle': handle, 'name': name} as latest
        from readings.fresh
        where object_type = 'account' and state = 'present' and coalesce(handle, name) is not null
        union all
        select before.*
        from summaries.accounts as before
        semi join readings.fresh as fresh on before.platform = fresh.platform and before.account_id = fresh.object_id
    )
    group by all
) as merged
using (platform, account_id)
when matched then update
when not matched then insert;
