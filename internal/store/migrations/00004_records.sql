-- records: companies, contacts, deals and tickets as last read. ref is "type/id". deleted_at is 0 while it exists in HubSpot.
CREATE TABLE records (
    portal      BIGINT NOT NULL,
    ref         TEXT   NOT NULL,
    type        TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    properties  TEXT   NOT NULL,
    links       TEXT   NOT NULL,
    merged_ids  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    read_at     BIGINT NOT NULL,
    deleted_at  BIGINT NOT NULL,
    PRIMARY KEY (portal, ref)
);
CREATE INDEX records_type ON records (portal, type, deleted_at);

-- memberships: which company a contact, deal or ticket belonged to, and when. valid_from is inclusive (0: as far back as is known), valid_to exclusive
-- (0: it lasts).
CREATE TABLE memberships (
    portal     BIGINT  NOT NULL,
    member     TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    is_primary INTEGER NOT NULL,
    valid_from BIGINT  NOT NULL,
    valid_to   BIGINT  NOT NULL,
    PRIMARY KEY (portal, member, account, valid_from)
);

-- aliases: ids that HubSpot merged away, and where they lead. Reads resolve them; nothing else knows of merges.
CREATE TABLE aliases (
    portal  BIGINT NOT NULL,
    old_ref TEXT   NOT NULL,
    new_ref TEXT   NOT NULL,
    PRIMARY KEY (portal, old_ref)
);

-- erased: what was erased on request. A late webhook or a replay must not bring it back.
CREATE TABLE erased (
    portal BIGINT NOT NULL,
    ref    TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (portal, ref)
);
