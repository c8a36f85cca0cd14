-- audit_complete: behind which entry, and which moment, each row of the other tables has an entry of its own. What is older is not counted against the audit.
CREATE TABLE audit_complete (
    seq BIGINT NOT NULL PRIMARY KEY,
    at  BIGINT NOT NULL
);
INSERT INTO audit_complete (seq, at) SELECT COALESCE(MAX(seq), 0), COALESCE(MAX(at), 0) FROM audit;
