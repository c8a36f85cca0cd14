-- inputs: what was decided by, one row for each verdict of the gate, and one for what each run had read (change ''). hash is of salt and body together, and is what the audit
-- names: once a row is erased, nothing that it said can be guessed from its hash.
CREATE TABLE inputs (
    portal   BIGINT NOT NULL,
    hash     TEXT   NOT NULL,
    proposal TEXT   NOT NULL,
    change   TEXT   NOT NULL,
    salt     TEXT   NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (portal, hash)
);
CREATE INDEX inputs_proposal ON inputs (portal, proposal);
