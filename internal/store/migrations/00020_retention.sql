-- What belongs to a text or a delivery is asked for when its time has come.
CREATE INDEX events_delivery ON events (delivery);
CREATE INDEX proposals_prompt ON proposals (portal, prompt_hash);
CREATE INDEX proposals_reply ON proposals (portal, reply_hash);
