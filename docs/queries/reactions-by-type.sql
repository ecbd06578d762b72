-- How people reacted to one asset, by type, on its first days.
PIVOT (
    SELECT day, reaction, reactions
    FROM marts.asset_reactions_daily
    WHERE campaign_id = 'uk-general-election-2019' AND asset_id = 'our-wonderful-nhs' AND day <= '2019-11-24'
) ON reaction IN ('love', 'like', 'haha', 'wow', 'sad', 'angry') USING sum(reactions)
ORDER BY day
