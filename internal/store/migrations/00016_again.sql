-- history: per property whose past is known, its values, newest first (JSON). look_again_at: when the run is to be repeated though nothing happens, 0 never.
ALTER TABLE records ADD COLUMN history TEXT NOT NULL DEFAULT '';
ALTER TABLE proposals ADD COLUMN look_again_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX proposals_again ON proposals (portal, look_again_at) WHERE look_again_at <> 0;
