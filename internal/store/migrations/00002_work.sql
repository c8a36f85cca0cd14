-- work: the dirty set, one row per thing to look at, never deleted. wanted > done: dirty. marked_at is the first mark that no claim has read; run_* belong to
-- the running claim. due = the later of quiet_until and retry_at. owner is '' unless leased.
CREATE TABLE work (
    id            $IDENTITY,
    portal        BIGINT  NOT NULL,
    kind          TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    wanted        BIGINT  NOT NULL,
    done          BIGINT  NOT NULL,
    lane          INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    marked_at     BIGINT  NOT NULL,
    quiet_until   BIGINT  NOT NULL,
    retry_at      BIGINT  NOT NULL,
    due           BIGINT  NOT NULL,
    fence         BIGINT  NOT NULL,
    owner         TEXT    NOT NULL,
    lease_until   BIGINT  NOT NULL,
    run_seq       BIGINT  NOT NULL,
    run_marked_at BIGINT  NOT NULL,
    buried        INTEGER NOT NULL,
    last_error    TEXT    NOT NULL,
    UNIQUE (portal, kind, key)
);
CREATE INDEX work_ready ON work (kind, lane, due, id) WHERE wanted > done AND buried = 0;
CREATE INDEX work_open ON work (portal, lane) WHERE wanted > done AND buried = 0;
CREATE INDEX work_leased ON work (owner, kind) WHERE owner <> '';
CREATE INDEX work_buried ON work (portal, kind) WHERE buried = 1;

-- cursors: where a long listing stands, so that it resumes. done and total count items; total 0: unknown.
CREATE TABLE cursors (
    portal     BIGINT NOT NULL,
    name       TEXT   NOT NULL,
    value      TEXT   NOT NULL,
    done       BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    finished   INTEGER NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (portal, name)
);
