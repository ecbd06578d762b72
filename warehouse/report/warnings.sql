-- What the last build found that somebody should look at, the weightiest of each check first.
-- Grain: check_name, position
--
-- What has a title is named by it: an asset in place of its id, a post before it.
select
    replace(check_name, '_', ' ') as "should hold",
    case
        when assets.asset_title is not null then assets.asset_title || substr(subject, length(assets.asset_id) + 1)
        when posts.title is not null then posts.title || ' (' || subject || ')'
        else subject
    end as subject,
    detail as found,
    first_day as "from",
    last_day as "to",
    found as "found in all"
from marts.warnings
left join (from marts.assets where campaign_id = $campaign) as assets
    on subject in (assets.asset_id, assets.asset_id || ' on ' || warnings.platform)
        and subject is distinct from warnings.platform
left join (from marts.posts where campaign_id = $campaign) as posts
    on split_part(subject, ' ', 1) = posts.platform || ':' || posts.post_id
where warnings.campaign_id = $campaign and position <= 10
order by check_name, position
