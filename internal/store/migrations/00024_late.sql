-- first_end: how an effect had ended before a request of it that arrived late made another end of it; '': it has ended once at most.
ALTER TABLE effects ADD COLUMN first_end TEXT NOT NULL DEFAULT '';
-- own_apps: the apps (their ids in HubSpot) under which HubSpot showed what contextd has written in a portal.
CREATE TABLE own_apps (
    portal BIGINT NOT NULL,
    app    TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (portal, app)
);
