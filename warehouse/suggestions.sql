-- The posts with the most views that belong to no asset, our side's before others', and the asset that each resembles.
-- Grain: campaign_id, platform, post_id
--
-- Parameters: $campaign (null for every campaign), $most (rows), $alike (least share of words, from 0 to 1).
-- Of sides that are not ours only those whose assets somebody lists: nobody is going to list the posts of the others.
--
-- A post resembles an asset of its own side: surely where it shows a video or image of one of the asset's posts, perhaps where
-- it holds the words of the asset's title, two at least, or shares words with one of the asset's posts. Words of fewer than
-- three letters, addresses and case say nothing.
with unassigned as (
    select posts.*, views, is_ours
    from marts.posts
    join registry.sides using (campaign_id, side_id)
    left join marts.asset_totals using (campaign_id, asset_id)
    where assigned_by = 'itself'
        and ($campaign::varchar is null or campaign_id = $campaign)
        and (is_ours or (campaign_id, side_id) in (select (campaign_id, side_id) from registry.assets))
    order by is_ours desc, views desc nulls last, campaign_id, platform, post_id
    limit $most
),

members as (
    select posts.campaign_id, posts.side_id, posts.asset_id, posts.asset_title, position, platform, post_id
    from marts.posts
    join registry.assets using (campaign_id, asset_id)
    where assigned_by <> 'itself'
),

texts as (
    select campaign_id, platform, post_id, objects.latest.text as text
    from marts.posts
    join facts.posts as seen using (platform, post_id)
    join summaries.objects on objects.platform = seen.platform
        and objects.object_type = seen.object_type
        and objects.object_id = seen.post_id
    semi join (select campaign_id from unassigned) as campaigns using (campaign_id)
),

-- Every text that can be likened: of the posts without asset, of the assets' titles, of the assets' posts.
sources as (
    select campaign_id, side_id, 'post' as source, null::bigint as position, null as asset_id, platform, post_id, text
    from unassigned
    join texts using (campaign_id, platform, post_id)
    union all
    select campaign_id, side_id, 'title', position, asset_id, null, null, asset_title
    from registry.assets
    union all
    select campaign_id, side_id, 'member', position, asset_id, platform, post_id, text
    from members
    join texts using (campaign_id, platform, post_id)
),

worded as (
    select
        * exclude (text),
        list_distinct(list_filter(
            regexp_extract_all(
                regexp_replace(lower(nfc_normalize(coalesce(text, ''))), '[a-z]+://[^\s\p{Z}]+', ' ', 'g'), '[\p{L}\p{M}\p{N}]+'
            ),
            lambda word: length(word) >= 3
        )) as words
    from sources
),

likened as (
    select
        post.campaign_id,
        post.platform,
        post.post_id,
        other.asset_id,
        other.position,
        other.source,
        other.platform || ':' || other.post_id as resembles,
        len(list_intersect(post.words, other.words)) as shared,
        len(list_intersect(post.words, other.words))
            / case other.source
                -- A title is short and may be a part of what the post says.
                when 'title' then len(other.words)
                else len(post.words) + len(other.words) - len(list_intersect(post.words, other.words))
            end as share
    from worded as post
    join worded as other using (campaign_id, side_id)
    where post.source = 'post' and other.source <> 'post' and len(post.words) > 0 and len(other.words) > 0
),

resemblances as (
    select
        unassigned.campaign_id,
        unassigned.platform,
        unassigned.post_id,
        members.asset_id,
        members.position,
        2.0 as strength,
        'shows a video or image of ' || members.platform || ':' || members.post_id as why
    from unassigned
    join facts.post_videos as own on own.platform = unassigned.platform and own.post_id = unassigned.post_id
    join facts.post_videos as others on others.platform = own.platform and others.video = own.video
    join members on members.campaign_id = unassigned.campaign_id
        and members.side_id = unassigned.side_id
        and members.platform = others.platform
        and members.post_id = others.post_id

    union all

    select
        campaign_id,
        platform,
        post_id,
        asset_id,
        position,
        share,
        case source
            when 'title' then 'holds ' || round(100 * share)::integer || ' % of the words of the title'
            else 'shares ' || round(100 * share)::integer || ' % of its words with ' || resembles
        end
    from likened
    -- A title of one word, as "Vote", is in posts about anything.
    where share >= $alike and (source <> 'title' or shared >= 2)
),

best as (
    select *
    from resemblances
    qualify row_number() over (
        partition by campaign_id, platform, post_id order by strength desc, position, why
    ) = 1
)

select
    -- Campaign.
    campaign_id,
    -- Side whose content it is.
    unassigned.side_id,
    -- Whether that side is ours.
    is_ours,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- Address of the post.
    permalink,
    -- First words of its text.
    title,
    -- Lifetime views; null where the platform tells none.
    views,
    -- Asset that it resembles; null when none.
    best.asset_id as suggested_asset,
    -- What makes it resemble that asset, in words.
    coalesce(why, 'resembles no asset of its side') as why
from unassigned
left join best using (campaign_id, platform, post_id)
order by is_ours desc, views desc nulls last, campaign_id, platform, post_id
