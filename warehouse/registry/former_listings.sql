-- The posts that an asset listed in some registry before, by the names they had there, and that none lists under that name now.
-- Grain: campaign_id, platform, alias
--
-- registry_history has every registry that was landed, the one in force among them, once each with the last moment it was landed.
-- One that no longer can be read says nothing.
with landed as (
    select
        campaign.id as campaign_id,
        list_transform(list_filter(campaign.sides, lambda side: side.ours), lambda side: side.id) as our_sides,
        campaign.assets as assets,
        requested_at,
        response_id
    from (
        select
            unnest(try(from_json(body, '{"campaigns": [{
                "id": "VARCHAR",
                "sides": [{"id": "VARCHAR", "ours": "BOOLEAN"}],
                "assets": [{"id": "VARCHAR", "title": "VARCHAR", "side": "VARCHAR",
                            "posts": [{"platform": "VARCHAR", "alias": "VARCHAR"}]}]
            }]}')).campaigns) as campaign,
            requested_at,
            response_id
        from registry_history
    )
),

-- Most assets are the same in many registries: each content once, with the last registry that had it.
contents as (
    select
        campaign_id,
        asset,
        coalesce(list_contains(our_sides, asset.side), false) as was_ours,
        -- Two names of one post may have been listed apart; then the first asset had it.
        max({'requested_at': requested_at, 'response_id': response_id, 'place': -position}) as seen
    from landed, unnest(assets) with ordinality as listed(asset, position)
    group by all
),

listings as (
    select
        campaign_id,
        unnest(asset.posts) as post,
        {
            'seen': seen,
            'asset_id': asset.id,
            'title': asset.title,
            'side_id': asset.side,
            'was_ours': was_ours
        } as last
    from contents
),

last_listings as (
    select campaign_id, post.platform as platform, post.alias as alias, max(last) as last
    from listings
    where post.platform is not null and post.alias is not null
    group by all
),

ours as (
    select campaign_id, arg_min(side_id, position) as side_id from registry.sides where is_ours group by campaign_id
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    last_listings.platform as platform,
    -- The name under which it was listed.
    alias,
    -- Asset that listed it last.
    last.asset_id as asset_id,
    -- Title of that asset, as last known.
    coalesce(assets.asset_title, last.title) as asset_title,
    -- Side of that asset, as last known; a side of ours that is not named now stands for the first of ours.
    coalesce(
        assets.side_id, sides.side_id, case when last.was_ours then ours.side_id end, last.side_id
    ) as side_id,
    -- Whether that asset has left the registry.
    assets.asset_id is null as is_removed,
    -- When the last registry that listed it was landed.
    last.seen.requested_at as last_listed_at,
    -- Place of the asset in that registry, counted down from -1.
    last.seen.place as place
from last_listings
join registry.campaigns using (campaign_id)
anti join registry.listed_posts using (campaign_id, platform, alias)
left join registry.assets on assets.campaign_id = last_listings.campaign_id and assets.asset_id = last.asset_id
left join registry.sides on sides.campaign_id = last_listings.campaign_id and sides.side_id = last.side_id
left join ours using (campaign_id)
