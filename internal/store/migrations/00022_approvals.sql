-- Who has approved a policy, by its hash. Where gate.approvals asks for some, nothing is written without a person before as many have.
CREATE TABLE policy_approvals (
    portal BIGINT NOT NULL,
    policy TEXT   NOT NULL,
    actor  TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (portal, policy, actor)
);
