-- stops: where a person has stopped all writing to HubSpot: a portal, or 0 for every one. A row that is gone is a stop that has ended; the audit says when and by whom.
CREATE TABLE stops (
    portal BIGINT NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    actor  TEXT   NOT NULL,
    reason TEXT   NOT NULL
);
