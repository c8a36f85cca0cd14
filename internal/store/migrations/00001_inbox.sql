-- deliveries: every verified webhook request, raw, before anything is understood of it. state: new, decoded or dead (undecodable, kept with its cause).
-- The body is blanked by pruning and by erasure; the row stays.
CREATE TABLE deliveries (
    id          $IDENTITY,
    body        $BLOB  NOT NULL,
    received_at BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    cause       TEXT   NOT NULL,
    decoded_at  BIGINT NOT NULL
);
CREATE INDEX deliveries_new ON deliveries (id) WHERE state = 'new';
CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 'dead';

-- events: what the deliveries said, once each: (portal, key) is unique, so a repeated delivery adds nothing. ignored names why an event caused no work, '' when
-- it did. value is the only text and is erasable. object, from_ref and to_ref are "type/id".
CREATE TABLE events (
    id          $IDENTITY,
    portal      BIGINT NOT NULL,
    key         TEXT   NOT NULL,
    delivery    BIGINT NOT NULL REFERENCES deliveries (id),
    type        TEXT   NOT NULL,
    object      TEXT   NOT NULL,
    from_ref    TEXT   NOT NULL,
    to_ref      TEXT   NOT NULL,
    removed     INTEGER NOT NULL,
    property    TEXT   NOT NULL,
    value       TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    source_id   TEXT   NOT NULL,
    merged_ids  TEXT   NOT NULL,
    new_id      TEXT   NOT NULL,
    ignored     TEXT   NOT NULL,
    occurred_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    UNIQUE (portal, key)
);
CREATE INDEX events_ignored ON events (ignored, portal) WHERE ignored <> '';
CREATE INDEX events_object ON events (portal, object);

-- event_marks: which work an event caused: it is covered once done of that row reaches seq. Work caused by work copies the events of its cause, so that the
-- end of an event is the end of everything that followed from it.
CREATE TABLE event_marks (
    event  BIGINT NOT NULL REFERENCES events (id),
    portal BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    key    TEXT   NOT NULL,
    seq    BIGINT NOT NULL,
    PRIMARY KEY (event, kind, key, seq)
);
CREATE INDEX event_marks_row ON event_marks (portal, kind, key, seq, event);
