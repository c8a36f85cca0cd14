-- spend: what models cost, one row for each day (UTC, 2006-01-02), task, workflow ('' for embeddings) and model. nano_usd is in billionths of a US dollar. calls of unpriced
-- models are not in it; unsure calls are, with the most that they can have cost. saved_tokens: what answers from the cache did not cost again.
CREATE TABLE spend (
    portal        BIGINT NOT NULL,
    day           TEXT   NOT NULL,
    task          TEXT   NOT NULL,
    workflow      TEXT   NOT NULL,
    model         TEXT   NOT NULL,
    calls         BIGINT NOT NULL,
    unsure        BIGINT NOT NULL,
    unpriced      BIGINT NOT NULL,
    from_cache    BIGINT NOT NULL,
    input_tokens  BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    saved_tokens  BIGINT NOT NULL,
    nano_usd      BIGINT NOT NULL,
    PRIMARY KEY (portal, day, task, workflow, model)
);

-- reservations: calls that are under way, with the most that each can cost. A row is there before its request leaves and goes in the transaction that records what it
-- cost, so that neither a crash nor two runs at once can spend more than the budget.
CREATE TABLE reservations (
    portal   BIGINT NOT NULL,
    id       TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    task     TEXT   NOT NULL,
    workflow TEXT   NOT NULL,
    model    TEXT   NOT NULL,
    nano_usd BIGINT NOT NULL,
    PRIMARY KEY (portal, id)
);

-- answers: what models answered, under the hash of everything that they were asked, for as long as the configuration says. answer_sources: whose words were in the question.
CREATE TABLE answers (
    portal        BIGINT NOT NULL,
    key           TEXT   NOT NULL,
    model         TEXT   NOT NULL,
    body          $BLOB  NOT NULL,
    size          BIGINT NOT NULL,
    input_tokens  BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    at            BIGINT NOT NULL,
    PRIMARY KEY (portal, key)
);
CREATE INDEX answers_age ON answers (portal, at);
CREATE TABLE answer_sources (
    portal BIGINT NOT NULL,
    ref    TEXT   NOT NULL,
    key    TEXT   NOT NULL,
    PRIMARY KEY (portal, ref, key)
);
CREATE INDEX answer_sources_key ON answer_sources (portal, key);
