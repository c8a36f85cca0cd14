-- stake: what the account's open deals stood for when it was suggested, in the portal's currency; look: the expected value of a person's look, in thousandths (crm.LookWorth).
ALTER TABLE proposals ADD COLUMN stake BIGINT NOT NULL DEFAULT 0;
ALTER TABLE proposals ADD COLUMN look BIGINT NOT NULL DEFAULT 0;
CREATE INDEX proposals_look ON proposals (portal, look DESC, created_at DESC, id DESC) WHERE state = 'pending';
-- What ai_review_status of a record was last set to, and how often it was set: the number makes each write an effect of its own.
CREATE TABLE signals (
	portal BIGINT NOT NULL,
	record TEXT NOT NULL,
	value TEXT NOT NULL,
	seq BIGINT NOT NULL,
	PRIMARY KEY (portal, record)
);
CREATE INDEX signals_pending ON signals (portal, record) WHERE value = 'pending';
-- The writes of ai_review_status and ai_review_decision are effects that belong to no suggestion: the outbox is made anew without the reference.
CREATE TABLE effects_new (
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
    released_at BIGINT  NOT NULL DEFAULT 0,
    PRIMARY KEY (portal, id)
);
INSERT INTO effects_new (portal, id, proposal, change, change_body, workflow, subject, target, property, value, object, approver, proposer, state, fence, deadline, attempts, last_error, undo_of, receipt, read_at, created_at, begun_at, settled_at, released_at)
    SELECT portal, id, proposal, change, change_body, workflow, subject, target, property, value, object, approver, proposer, state, fence, deadline, attempts, last_error, undo_of, receipt, read_at, created_at, begun_at, settled_at, released_at FROM effects;
DROP TABLE effects;
ALTER TABLE effects_new RENAME TO effects;
CREATE INDEX effects_open ON effects (portal, created_at, id) WHERE settled_at = 0;
CREATE INDEX effects_target ON effects (portal, target, property);
CREATE INDEX effects_subject ON effects (portal, workflow, subject, created_at);
CREATE INDEX effects_object ON effects (portal, object) WHERE object <> '';
CREATE INDEX effects_failed ON effects (portal, id) WHERE state = 'failed';
CREATE INDEX effects_proposal ON effects (portal, proposal);
CREATE INDEX effects_gate ON effects (portal, created_at) WHERE approver = 'system:gate';
