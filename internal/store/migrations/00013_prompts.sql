-- prompt_evaluations: what versions of prompts reached on the golden cases, the newest for each text, set of cases and model. measures is JSON.
CREATE TABLE prompt_evaluations (
    portal   BIGINT NOT NULL,
    workflow TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    sha256   TEXT   NOT NULL,
    golden   TEXT   NOT NULL,
    model    TEXT   NOT NULL,
    cases    BIGINT NOT NULL,
    measures TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    PRIMARY KEY (portal, workflow, version, sha256, golden, model)
);

-- prompt_decisions: which version of a workflow's prompt was made live, in order (seq from 1); the newest row holds. version 0 is the one that the workflow's folder names.
-- before is the seq of the row that a rollback returns to, 0 for the folder's own.
CREATE TABLE prompt_decisions (
    portal   BIGINT NOT NULL,
    workflow TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    before   BIGINT NOT NULL,
    back     BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    PRIMARY KEY (portal, workflow, seq)
);
