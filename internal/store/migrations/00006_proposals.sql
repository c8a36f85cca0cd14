-- proposals: what runs suggest. body is JSON of everything nobody searches by. cause_*: the claim that ran it; it covered the events marked in
-- (cause_from, cause_seq]. claims counts supported claims, claims_quoted those whose every quote was found, byte for byte, in the stored text.
CREATE TABLE proposals (
    portal        BIGINT  NOT NULL,
    id            TEXT    NOT NULL,
    workflow      TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    record        TEXT    NOT NULL,
    record_name   TEXT    NOT NULL,
    account       TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    confidence    DOUBLE PRECISION NOT NULL,
    fingerprint   TEXT    NOT NULL,
    body          TEXT    NOT NULL,
    claims        INTEGER NOT NULL,
    claims_quoted INTEGER NOT NULL,
    prompt_hash   TEXT    NOT NULL,
    reply_hash    TEXT    NOT NULL,
    cause_kind    TEXT    NOT NULL,
    cause_key     TEXT    NOT NULL,
    cause_from    BIGINT  NOT NULL,
    cause_seq     BIGINT  NOT NULL,
    created_at    BIGINT  NOT NULL,
    decided_at    BIGINT  NOT NULL,
    decided_by    TEXT    NOT NULL,
    assignee      TEXT    NOT NULL,
    snoozed_till  BIGINT  NOT NULL,
    rev           BIGINT  NOT NULL,
    PRIMARY KEY (portal, id)
);
CREATE INDEX proposals_subject ON proposals (portal, workflow, subject, state);
CREATE INDEX proposals_list ON proposals (portal, created_at, id);
CREATE INDEX proposals_state ON proposals (portal, state, created_at, id);
CREATE INDEX proposals_account ON proposals (portal, account);
CREATE INDEX proposals_record ON proposals (portal, record, created_at, id);

-- changes: the unit of verdict, approval, effect and undo. body is the change as proposed; edited is what a person made of its new value, NULL if nobody did.
CREATE TABLE changes (
    portal   BIGINT  NOT NULL,
    proposal TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    pos      INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    edited   TEXT,
    PRIMARY KEY (portal, proposal, id),
    FOREIGN KEY (portal, proposal) REFERENCES proposals (portal, id)
);

-- citations: which activities a proposal quotes or is about, so that erasing one of them finds every text that came from it.
CREATE TABLE citations (
    portal   BIGINT NOT NULL,
    activity TEXT   NOT NULL,
    proposal TEXT   NOT NULL,
    PRIMARY KEY (portal, activity, proposal)
);

-- comments: what people wrote about a suggestion.
CREATE TABLE comments (
    id       $IDENTITY,
    portal   BIGINT NOT NULL,
    proposal TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    body     TEXT   NOT NULL
);
CREATE INDEX comments_proposal ON comments (portal, proposal, id);

-- effects: the outbox, one absolute write to HubSpot each, created in the transaction of the decision that allowed it. target, property and value are the
-- ledger by which our own writes are recognised when they come back; begun_at is when the newest request left. change_body is JSON.
CREATE TABLE effects (
    portal      BIGINT  NOT NULL,
    id          TEXT    NOT NULL,
    proposal    TEXT    NOT NULL,
    change      TEXT    NOT NULL,
    change_body TEXT    NOT NULL,
    workflow    TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    property    TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    object      TEXT    NOT NULL,
    approver    TEXT    NOT NULL,
    proposer    TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    fence       BIGINT  NOT NULL,
    deadline    BIGINT  NOT NULL,
    attempts    INTEGER NOT NULL,
    last_error  TEXT    NOT NULL,
    undo_of     TEXT    NOT NULL,
    receipt     TEXT    NOT NULL,
    read_at     BIGINT  NOT NULL,
    created_at  BIGINT  NOT NULL,
    begun_at    BIGINT  NOT NULL,
    settled_at  BIGINT  NOT NULL,
    PRIMARY KEY (portal, id),
    FOREIGN KEY (portal, proposal) REFERENCES proposals (portal, id)
);
CREATE INDEX effects_open ON effects (portal, created_at, id) WHERE settled_at = 0;
CREATE INDEX effects_target ON effects (portal, target, property);
CREATE INDEX effects_subject ON effects (portal, workflow, subject, created_at);
CREATE INDEX effects_object ON effects (portal, object) WHERE object <> '';
CREATE INDEX effects_failed ON effects (portal, id) WHERE state = 'failed';
CREATE INDEX effects_proposal ON effects (portal, proposal);
