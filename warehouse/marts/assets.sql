-- The assets that the campaign's team listed, with what the team said of them.
-- Grain: campaign_id, asset_id
-- Made: view
--
-- Join it for tags, tone or kind. Posts that no asset lists are assets of their own elsewhere and have no row here.
with appearances as (
    select campaign_id, asset_id, count(*) as posts, list(distinct platform order by platform) as platforms
    from marts.posts
    group by campaign_id, asset_id
)

select
    -- Campaign.
    campaign_id,
    -- Asset.
    asset_id,
    -- Title of the asset.
    asset_title,
    -- Side whose content it is.
    side_id,
    -- Name of the side for people.
    side_name,
    -- Whether it is content of the side that runs the registry.
    is_ours,
    -- video, image, text, site or hashtag.
    kind,
    -- The team's labels, such as favourite; empty when it gave none.
    tags,
    -- Tone as the team judged it, such as positive; null when it did not.
    tone,
    -- Address of a site; null for other kinds.
    url,
    -- Word of a hashtag, without #; null for other kinds.
    hashtag,
    -- Posts that it appeared in and that have been seen.
    coalesce(posts, 0)::bigint as posts,
    -- Platforms of those posts.
    coalesce(platforms, []) as platforms
from registry.assets
join registry.sides using (campaign_id, side_id)
left join appearances using (campaign_id, asset_id)
