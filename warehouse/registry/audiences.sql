-- The audiences that advertising is measured against.
-- Grain: campaign_id, audience_id
select
    -- Campaign.
    campaign_id,
    -- Name of the audience in queries.
    audience.id as audience_id,
    -- Name of the audience for people.
    audience.label as audience_label,
    -- Platform of the advertising.
    audience.platform as platform,
    -- Advertising account that reached it; null where the registry only names the audience.
    audience.ad_account as ad_account,
    -- Who belongs to the audience, as sent to the platform.
    audience.targeting as targeting,
    -- Which advertisements are meant, as sent to the platform; empty for all of the account.
    coalesce(audience.filtering, '') as filtering,
    -- Part of those reached that belongs to the audience, as age=18-24; empty for all of them.
    case when audience.breakdown <> '' then audience.breakdown || '=' || coalesce(audience.bucket, '') else '' end as breakdown
from (
    select campaign.id as campaign_id, unnest(campaign.audiences) as audience
    from (
        select unnest(from_json(body, '{"campaigns": [{
            "id": "VARCHAR",
            "audiences": [{
                "id": "VARCHAR", "label": "VARCHAR", "platform": "VARCHAR", "ad_account": "VARCHAR", "targeting": "VARCHAR",
                "filtering": "VARCHAR", "breakdown": "VARCHAR", "bucket": "VARCHAR"
            }]
        }]}').campaigns) as campaign
        from registry_in_force
    )
)
