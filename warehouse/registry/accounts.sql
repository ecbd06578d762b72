-- The accounts that campaigns name: pages, profiles, channels.
-- Grain: campaign_id, platform, handle, account_id
select
    -- Campaign.
    campaign_id,
    -- Platform of the account.
    account.platform as platform,
    -- Side the account speaks for.
    account.side as side_id,
    -- Name in the account's address, without @, as the registry spells it; null when it gives the id.
    account.handle as handle,
    -- The platform's id; null when the registry gives the handle.
    account.id as account_id,
    -- Whether posts are discovered on it; accounts with false are read only where an asset lists a post.
    account.watch as is_watched
from (
    select campaign.id as campaign_id, unnest(campaign.accounts) as account
    from (
        select unnest(from_json(body, '{"campaigns": [{
            "id": "VARCHAR",
            "accounts": [{"platform": "VARCHAR", "side": "VARCHAR", "handle": "VARCHAR", "id": "VARCHAR", "watch": "BOOLEAN"}]
        }]}').campaigns) as campaign
        from registry_in_force
    )
)
