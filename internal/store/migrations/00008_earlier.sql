-- versions: subject is what an activity was called until the text was superseded, '' while the text is the present one and for those superseded before this column was.
ALTER TABLE versions ADD COLUMN subject TEXT NOT NULL DEFAULT '';

-- What a question as of a past moment reads once for each account and state of it: the superseded texts of its activities, and its activities that are gone, whose accounts
-- are only in their own rows.
CREATE INDEX versions_earlier ON versions (portal, activity) WHERE superseded_at <> 0;
CREATE INDEX activities_gone_from ON activities (portal, accounts, ref) WHERE deleted_at <> 0;
