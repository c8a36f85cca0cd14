-- calibrations: how far the confidences of a field may be trusted. state is JSON: the fit in force, the looks that were made, the watch over it. rev is raised with every change.
CREATE TABLE calibrations (
    portal     BIGINT NOT NULL,
    workflow   TEXT   NOT NULL,
    field      TEXT   NOT NULL,
    rev        BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (portal, workflow, field)
);

-- fits: what was learned of a field's outcomes at a moment, by version. A row never changes.
CREATE TABLE fits (
    portal   BIGINT  NOT NULL,
    workflow TEXT    NOT NULL,
    field    TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    at       BIGINT  NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (portal, workflow, field, version)
);
$APPEND_ONLY fits;

-- What was undone of the automatic writes of a field is counted whenever somebody decides about it.
CREATE INDEX outcomes_undone ON outcomes (portal, proposal, change) WHERE decision = 'undo';
CREATE INDEX effects_gate_workflow ON effects (portal, workflow, created_at) WHERE approver = 'system:gate';
