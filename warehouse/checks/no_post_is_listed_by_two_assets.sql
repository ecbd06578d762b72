-- No post is listed by two assets of a campaign, be it under two of its names; the first asset has it.
-- Severity: warning
select
    campaign_id,
    platform,
    platform || ':' || post_id as subject,
    format(
        'is listed by {}; it counts for {} alone',
        string_agg(distinct listed_posts.asset_id, ' and ' order by listed_posts.asset_id),
        any_value(listings.asset_id)
    ) as detail,
    null::date as first_day,
    null::date as last_day,
    count(distinct listed_posts.asset_id) as weight
from registry.listed_posts
join facts.post_names using (platform, alias)
join facts.listings using (campaign_id, platform, post_id)
group by campaign_id, platform, post_id
having count(distinct listed_posts.asset_id) > 1
