-- stake: what the account's open deals stood for when it was suggested, in the portal's currency; look: the expected value of a person's look, in thousandths (crm.LookWorth).
ALTER TABLE proposals ADD COLUMN stake BIGINT NOT NULL DEFAULT 0;
ALTER TABLE proposals ADD COLUMN look BIGINT NOT NULL DEFAULT 0;
CREATE INDEX proposals_look ON proposals (portal, look DESC, created_at DESC, id DESC) WHERE state = 'pending';
