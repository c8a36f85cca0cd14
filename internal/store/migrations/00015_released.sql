-- A person who changed what contextd wrote has the last word there until somebody releases the field: when that was, in the row of the write that they changed.
ALTER TABLE effects ADD COLUMN released_at BIGINT NOT NULL DEFAULT 0;
