-- audit: what happened, in order, ids and hashes only. The entries are the leaves of a Merkle tree (RFC 6962): tree holds the 32-byte hashes that this entry completes, its
-- own first, then those of the subtrees that end with it. Texts are never here, so erasing them leaves the tree whole.
$NOT_APPEND_ONLY audit;
DROP INDEX audit_subject;
DROP INDEX audit_portal;
ALTER TABLE audit RENAME TO audit_chained;
CREATE TABLE audit (
    seq     BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    portal  BIGINT NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    actors  TEXT   NOT NULL,
    ids     TEXT   NOT NULL,
    hashes  TEXT   NOT NULL,
    tree    $BLOB  NOT NULL
);
CREATE INDEX audit_subject ON audit (portal, subject, seq);
CREATE INDEX audit_portal ON audit (portal, seq);
$APPEND_ONLY audit;

-- audit_checkpoints: signed heads of the tree, as they were made. exported_at is 0 until the file or the URL that they are sent to has taken them.
CREATE TABLE audit_checkpoints (
    size        BIGINT NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,
    note        TEXT   NOT NULL,
    exported_at BIGINT NOT NULL
);
