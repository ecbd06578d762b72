-- Every asset of a campaign that has begun which is to have posts has one, listed or caught.
-- Severity: warning
--
-- Of listed posts that were never seen another check tells.
select
    campaign_id,
    null::varchar as platform,
    asset_id as subject,
    case
        when match_rules.asset_id is null then 'has neither a listed post nor a rule; campaign check suggests posts for it'
        else 'has no listed post and its rule catches none; loosen the rule or list a post'
    end as detail,
    starts as first_day,
    null::date as last_day,
    1 as weight
from registry.assets
join registry.campaigns using (campaign_id)
left join (select distinct campaign_id, asset_id from registry.match_rules) as match_rules using (campaign_id, asset_id)
anti join marts.posts using (campaign_id, asset_id)
anti join registry.listed_posts using (campaign_id, asset_id)
where kind not in ('hashtag', 'site') and starts <= (select max(last_at)::date from facts.counters)
