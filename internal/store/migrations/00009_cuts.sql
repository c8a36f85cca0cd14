-- A text is cut into chunks by a chunker, and a generation of the index belongs to one: chunks and postings of one activity exist once for each chunker that cut its present
-- text (see cut.go). The first chunker whose version is kept is 2. A row of postings with no chunks says that this chunker finds none in the text.
ALTER TABLE chunks ADD COLUMN chunker INTEGER NOT NULL DEFAULT 2;
CREATE TABLE cut_postings (
    portal   BIGINT  NOT NULL,
    activity TEXT    NOT NULL,
    chunker  INTEGER NOT NULL,
    chunks   INTEGER NOT NULL,
    digest   TEXT    NOT NULL,
    people   TEXT    NOT NULL,
    body     $BLOB   NOT NULL,
    PRIMARY KEY (portal, activity, chunker)
);
INSERT INTO cut_postings (portal, activity, chunker, chunks, digest, people, body) SELECT portal, activity, 2, chunks, digest, people, body FROM postings;
DROP TABLE postings;
ALTER TABLE cut_postings RENAME TO postings;
