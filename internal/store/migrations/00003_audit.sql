-- audit: what happened, in order, ids and hashes only. hash chains each entry to the one before it: sha256 over the previous hash and this entry's canonical
-- JSON. Texts are never here, so erasing them leaves the chain whole.
CREATE TABLE audit (
    seq     BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    portal  BIGINT NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    actors  TEXT   NOT NULL,
    ids     TEXT   NOT NULL,
    hashes  TEXT   NOT NULL,
    hash    TEXT   NOT NULL
);
CREATE INDEX audit_subject ON audit (portal, subject, seq);
CREATE INDEX audit_portal ON audit (portal, seq);
$APPEND_ONLY audit;

-- outcomes: the immutable log that calibration learns from, one line per decided change.
CREATE TABLE outcomes (
    id               $IDENTITY,
    portal           BIGINT NOT NULL,
    proposal         TEXT   NOT NULL,
    change           TEXT   NOT NULL,
    workflow         TEXT   NOT NULL,
    field            TEXT   NOT NULL,
    decision         TEXT   NOT NULL,
    reason           TEXT   NOT NULL,
    actor            TEXT   NOT NULL,
    features         TEXT   NOT NULL,
    features_version INTEGER NOT NULL,
    confidence       DOUBLE PRECISION NOT NULL,
    seconds          DOUBLE PRECISION NOT NULL,
    at               BIGINT NOT NULL
);
CREATE INDEX outcomes_workflow ON outcomes (portal, workflow, id);
$APPEND_ONLY outcomes;

-- tokens: access to the API. Only the SHA-256 of a token is kept.
CREATE TABLE tokens (
    hash       TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    role       TEXT   NOT NULL,
    portal     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX tokens_name ON tokens (portal, name) WHERE revoked_at = 0;
