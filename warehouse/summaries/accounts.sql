-- What is known of each account: the names of its latest sighting.
-- Grain: platform, account_id
create table if not exists summaries.accounts (
    platform varchar,
    -- The platform's id of the account.
    account_id varchar,
    -- The latest sighting and the names it showed.
    latest struct(observed_at timestamptz, response_id varchar, handle varchar, name varchar)
);

merge into summaries.accounts
using (
    select
        platform,
        account_id,
        arg_max(latest, (latest.observed_at, latest.response_id)) as latest
    from (
        select
            platform,
            object_id as account_id,
            {'observed_at': observed_at, 'response_id': response_id, 'handle': handle, 'name': name} as latest
        from readings.fresh
        where object_type = 'account' and state = 'present'
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
