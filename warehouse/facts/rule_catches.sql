-- The posts that a rule of an asset takes in.
-- Grain: campaign_id, platform, post_id
--
-- Rules look only at posts that count through a watched account of the asset's side and that no asset lists. Where several
-- assets' rules catch a post, the first of the registry has it.
--
-- text: the post holds the words, whatever their case and white space. hashtag: it holds the whole hashtag. link: it names
-- the address, written with or without scheme, www., last slash and query; parameters of the rule's own query must be there
-- unless they only track readers. same video: it shows a video or image of a post that the asset lists or that another of its
-- rules caught; a post caught in this way draws in no further posts.
with rules as (
    select match_rules.*, side_id, position
    from registry.match_rules
    join registry.assets using (campaign_id, asset_id)
),

candidates as (
    select
        campaign_id,
        platform,
        post_id,
        side_id,
        -- Letters that can be written in two ways are written in one; some answers write & < > as HTML does.
        replace(replace(replace(nfc_normalize(coalesce(objects.latest.text, '')), '&lt;', '<'), '&gt;', '>'), '&amp;', '&') as text,
        objects.latest.links as links
    from facts.account_posts
    join facts.posts using (platform, post_id)
    join summaries.objects using (platform, object_type)
    anti join facts.listings using (campaign_id, platform, post_id)
    semi join rules using (campaign_id, side_id)
    where is_counted and objects.object_id = posts.post_id
),

phrases as (
    select * replace (trim(regexp_replace(lower(nfc_normalize(pattern)), '[\s\p{Z}]+', ' ', 'g')) as pattern)
    from rules
    where kind = 'text'
),

texts as (
    select
        campaign_id,
        platform,
        post_id,
        side_id,
        trim(regexp_replace(lower(text), '[\s\p{Z}]+', ' ', 'g')) as words
    from candidates
),

-- What follows # in an address is no hashtag.
hashtags as (
    select distinct
        campaign_id,
        platform,
        post_id,
        side_id,
        unnest(regexp_extract_all(
            regexp_replace(lower(text), '[a-z]+://[^\s\p{Z}]+', ' ', 'g'), '[#＃]([\p{L}\p{M}\p{N}_]+)', 1
        )) as hashtag
    from candidates
    where regexp_matches(text, '[#＃]')
),

-- Words with a dot may be addresses; what else is found among them equals no rule's.
said_addresses as (
    select distinct campaign_id, platform, post_id, side_id, rtrim(address, '.,:;!?…''’') as address
    from (
        select campaign_id, platform, post_id, side_id, unnest(links) as address from candidates
        union all
        select
            campaign_id,
            platform,
            post_id,
            side_id,
            unnest(regexp_extract_all(text, '[^\s\p{Z}<>"“”«»()\[\]{}|]+'))
        from candidates
    )
    where contains(address, '.')
),

addresses as (
    select
        address,
        -- Only the host is the same in whatever case.
        lower(regexp_replace(split_part(page, '/', 1), '^www\.', '', 'i'))
            || rtrim(substr(page, length(split_part(page, '/', 1)) + 1), '/') as place,
        list_filter(
            string_split(query, '&'),
            lambda parameter: parameter <> ''
                and not regexp_matches(parameter, '^(utm_\w+|mc_\w+|\w*clid|igshid?|si|ref|ref_\w+)(=|$)')
        ) as parameters
    from (
        select address, split_part(bare, '?', 1) as page, substr(bare, length(split_part(bare, '?', 1)) + 2) as query
        from (
            select address, split_part(regexp_replace(trim(address), '^[A-Za-z][A-Za-z0-9+.-]*://', ''), '#', 1) as bare
            from (
                select address from said_addresses
                union
                select pattern from rules where kind = 'link'
            )
        )
    )
),

said as (
    select said_addresses.*, place, parameters from said_addresses join addresses using (address)
),

wanted as (
    select rules.*, place, parameters
    from rules
    join addresses on addresses.address = rules.pattern
    where kind = 'link' and place <> ''
),

caught_by_words as (
    select texts.campaign_id, platform, post_id, asset_id, position, kind
    from texts
    join phrases on phrases.campaign_id = texts.campaign_id
        and phrases.side_id = texts.side_id
        and contains(texts.words, phrases.pattern)
    where phrases.pattern <> ''

    union

    select hashtags.campaign_id, platform, post_id, asset_id, position, kind
    from hashtags
    join rules on rules.campaign_id = hashtags.campaign_id
        and rules.side_id = hashtags.side_id
        and rules.kind = 'hashtag'
        and hashtags.hashtag = ltrim(lower(nfc_normalize(trim(rules.pattern))), '#＃')

    union

    select said.campaign_id, platform, post_id, asset_id, position, kind
    from said
    join wanted on wanted.campaign_id = said.campaign_id
        and wanted.side_id = said.side_id
        and wanted.place = said.place
        and list_has_all(said.parameters, wanted.parameters)
),

seeds as (
    select campaign_id, platform, post_id, asset_id from facts.listings
    union
    select campaign_id, platform, post_id, arg_min(asset_id, position) from caught_by_words group by all
),

shown as (
    select distinct seeds.campaign_id, rules.asset_id, rules.side_id, rules.position, rules.kind, post_videos.platform, video
    from seeds
    join rules on rules.campaign_id = seeds.campaign_id and rules.asset_id = seeds.asset_id and rules.kind = 'same video'
    join facts.post_videos on post_videos.platform = seeds.platform and post_videos.post_id = seeds.post_id
),

caught as (
    select * from caught_by_words

    union all

    select candidates.campaign_id, candidates.platform, candidates.post_id, asset_id, position, kind
    from candidates
    join facts.post_videos on post_videos.platform = candidates.platform and post_videos.post_id = candidates.post_id
    join shown on shown.campaign_id = candidates.campaign_id
        and shown.side_id = candidates.side_id
        and shown.platform = candidates.platform
        and shown.video = post_videos.video
)

select
    -- Campaign.
    campaign_id,
    -- Platform of the post.
    platform,
    -- The platform's id of the post.
    post_id,
    -- Asset whose rule caught it.
    arg_min(asset_id, position) as asset_id,
    -- Kind of the rule: text, hashtag, link or same video, the first of them where several of the asset's rules did.
    arg_min(kind, (position, list_position(['text', 'hashtag', 'link', 'same video'], kind))) as caught_by
from caught
group by campaign_id, platform, post_id
