-- What the warehouse was made from; a build on the same basis would give the same tables. One row.
-- Grain: registry_history
create table if not exists ops.basis (
    -- Fingerprint of the SQL that makes the summaries.
    summaries varchar,
    -- Fingerprint of the SQL that makes what lies after them.
    derived varchar,
    -- Time zones in which days are counted.
    zones varchar[],
    -- Moment after which nothing was taken in; null for everything.
    as_known_at timestamptz,
    -- Newest moment of what was taken in: as known at it, a build gives the same tables again, whatever landed since.
    newest_at timestamptz,
    -- The registry in force, as it was landed.
    registry_body varchar,
    -- Fingerprint of every registry that was known, in the order of landing.
    registry_history varchar,
    -- Readings files, relative to their folder.
    files varchar[]
);
