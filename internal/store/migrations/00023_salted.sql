-- salt: what the hash of an effect's value in the audit was made with, so that a short value cannot be guessed once it is erased, and the salt with it. '': an effect that has no
-- such entry, or one of before.
ALTER TABLE effects ADD COLUMN salt TEXT NOT NULL DEFAULT '';
-- calibration_events: what became of the calibration of fields beside the fits that were made. body is what the audit's entry says, as JSON.
CREATE TABLE calibration_events (
    id     $IDENTITY,
    portal BIGINT NOT NULL,
    action TEXT   NOT NULL,
    body   TEXT   NOT NULL,
    at     BIGINT NOT NULL
);
CREATE INDEX calibration_events_portal ON calibration_events (portal, at);
INSERT INTO calibration_events (portal, action, body, at) SELECT portal, action, ids, at FROM audit WHERE action IN ('calibration.closed', 'calibration.reinstated', 'calibration.rolled_back') ORDER BY seq;
$APPEND_ONLY calibration_events;
-- tries: how often HubSpot has refused what ai_review_status was set to; retry_at: not before then again.
ALTER TABLE signals ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE signals ADD COLUMN retry_at BIGINT NOT NULL DEFAULT 0;
-- The automatic writes of a field, in the order in which they were read back.
CREATE INDEX effects_gate_field ON effects (portal, workflow, property, settled_at) WHERE approver = 'system:gate' AND undo_of = '' AND state = 'verified';
