-- activities: calls, meetings, emails, notes, tasks and messages without their text. version is the current text version ('' for a tombstone), mark the hash
-- of everything that was embedded ('': index again). accounts is the JSON list of whose memory it belongs to, the primary one first; a tombstone keeps it, so that
-- erasure still finds what was made of it. deleted_at is 0 while it exists in HubSpot.
CREATE TABLE activities (
    portal       BIGINT  NOT NULL,
    ref          TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    at           BIGINT  NOT NULL,
    time_unknown INTEGER NOT NULL,
    created_at   BIGINT  NOT NULL,
    modified_at  BIGINT  NOT NULL,
    direction    TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    format       TEXT    NOT NULL,
    minutes      INTEGER NOT NULL,
    people       TEXT    NOT NULL,
    thread       TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    channel      TEXT    NOT NULL,
    owner        TEXT    NOT NULL,
    links        TEXT    NOT NULL,
    accounts     TEXT    NOT NULL,
    ours         INTEGER NOT NULL,
    version      TEXT    NOT NULL,
    mark         TEXT    NOT NULL,
    deleted_at   BIGINT  NOT NULL,
    PRIMARY KEY (portal, ref)
);

-- texts: every long text, under the SHA-256 of its bytes: versions of activities, prompts and replies of runs. Erasable; whatever names a text does so by hash.
CREATE TABLE texts (
    portal BIGINT NOT NULL,
    hash   TEXT   NOT NULL,
    body   TEXT   NOT NULL,
    PRIMARY KEY (portal, hash)
);

-- versions: when which text of an activity was known. superseded_at is 0 while it is the current one. A text that comes back is a new row.
CREATE TABLE versions (
    id            $IDENTITY,
    portal        BIGINT NOT NULL,
    activity      TEXT   NOT NULL,
    version       TEXT   NOT NULL,
    language      TEXT   NOT NULL,
    turns         TEXT   NOT NULL,
    cuts          TEXT   NOT NULL,
    learned_at    BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL
);
CREATE INDEX versions_activity ON versions (portal, activity, learned_at);
CREATE INDEX versions_text ON versions (portal, version);

-- links: the records an activity is associated with; activity_accounts: the accounts it belongs to. Both are the ways in from the other side; at is the
-- activity's time, for timelines.
CREATE TABLE links (
    portal   BIGINT NOT NULL,
    activity TEXT   NOT NULL,
    record   TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (portal, activity, record)
);
CREATE INDEX links_record ON links (portal, record, at);

CREATE TABLE activity_accounts (
    portal   BIGINT NOT NULL,
    activity TEXT   NOT NULL,
    account  TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (portal, activity, account)
);
CREATE INDEX activity_accounts_account ON activity_accounts (portal, account, at);

-- chunks: embeddable pieces of the current version. The text is the slice [start_at, end_at) of that version's text; nothing is stored twice.
CREATE TABLE chunks (
    portal     BIGINT  NOT NULL,
    id         TEXT    NOT NULL,
    activity   TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    pos        INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    speaker    TEXT    NOT NULL,
    start_at   INTEGER NOT NULL,
    end_at     INTEGER NOT NULL,
    header     TEXT    NOT NULL,
    PRIMARY KEY (portal, id)
);
CREATE INDEX chunks_activity ON chunks (portal, activity, pos);

-- postings: the keyword side of one activity's chunks, packed: chunk metadata and, for each, its terms with counts.
CREATE TABLE postings (
    portal   BIGINT NOT NULL,
    activity TEXT   NOT NULL,
    body     $BLOB  NOT NULL,
    PRIMARY KEY (portal, activity)
);
