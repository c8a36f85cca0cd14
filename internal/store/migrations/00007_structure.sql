-- chunks learn what ranking and filters need of them. Rows from before know no traits and count as written by people until their activity is indexed again.
ALTER TABLE chunks ADD COLUMN session TEXT NOT NULL DEFAULT '';
ALTER TABLE chunks ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE chunks ADD COLUMN generated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chunks ADD COLUMN traits INTEGER NOT NULL DEFAULT 0;
UPDATE chunks SET session = COALESCE((SELECT CASE WHEN a.thread <> '' THEN a.thread ELSE a.ref END FROM activities a
        WHERE a.portal = chunks.portal AND a.ref = chunks.activity), activity),
    language = COALESCE((SELECT MAX(v.language) FROM versions v WHERE v.portal = chunks.portal AND v.activity = chunks.activity AND v.version = chunks.version), '');

ALTER TABLE activities ADD COLUMN generated INTEGER NOT NULL DEFAULT 0;
CREATE INDEX activities_gone ON activities (portal, deleted_at) WHERE deleted_at <> 0;

-- postings: the keyword side of one activity's chunks, and what a vector back end must hold of it: how many chunks, their digest (crm.DigestOf), and people, a JSON
-- list of the contacts it is linked to. body holds the words of each chunk in order (pack.go). The rows are made anew from the texts, by the same migration.
DROP TABLE postings;
CREATE TABLE postings (
    portal   BIGINT  NOT NULL,
    activity TEXT    NOT NULL,
    chunks   INTEGER NOT NULL,
    digest   TEXT    NOT NULL,
    people   TEXT    NOT NULL,
    body     $BLOB   NOT NULL,
    PRIMARY KEY (portal, activity)
);

-- activity_accounts also counts chunks, so that the size of an account is read from its index alone.
ALTER TABLE activity_accounts ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0;
UPDATE activity_accounts SET chunks = (SELECT COUNT(*) FROM chunks c WHERE c.portal = activity_accounts.portal AND c.activity = activity_accounts.activity);
CREATE INDEX activity_accounts_size ON activity_accounts (portal, account, chunks);

-- versions: learned_at is when a text became known to people, whenever we read it: the activity's creation, for a later text its modification. superseded_at is the
-- learned_at of the text that follows, or the moment we learned that the activity is gone.
UPDATE versions SET learned_at = (SELECT a.created_at FROM activities a WHERE a.portal = versions.portal AND a.ref = versions.activity)
    WHERE id IN (SELECT MIN(id) FROM versions GROUP BY portal, activity) AND EXISTS (SELECT 1 FROM activities a WHERE a.portal = versions.portal
        AND a.ref = versions.activity AND a.created_at > 0 AND a.created_at < versions.learned_at);

-- account_changes: when the memory or the facts of an account changed last, as a number that only grows within its portal.
CREATE TABLE account_changes (
    portal  BIGINT NOT NULL,
    account TEXT   NOT NULL,
    seq     BIGINT NOT NULL,
    PRIMARY KEY (portal, account)
);
CREATE UNIQUE INDEX account_changes_seq ON account_changes (portal, seq);
INSERT INTO account_changes (portal, account, seq)
    SELECT portal, account, ROW_NUMBER() OVER (PARTITION BY portal ORDER BY account) FROM (
        SELECT portal, account FROM activity_accounts UNION SELECT portal, ref FROM records WHERE type = 'companies' AND deleted_at = 0) known;
CREATE INDEX memberships_account ON memberships (portal, account, member);

-- queries: the newest questions that were asked, to replay them on a new generation of the index.
CREATE TABLE queries (
    id       $IDENTITY,
    portal   BIGINT NOT NULL,
    account  TEXT   NOT NULL,
    question TEXT   NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX queries_portal ON queries (portal, id);
CREATE INDEX queries_account ON queries (portal, account);

-- cursors know when their listing began.
ALTER TABLE cursors ADD COLUMN started_at BIGINT NOT NULL DEFAULT 0;
UPDATE cursors SET started_at = updated_at;
