-- What the gate let through by itself is counted in every run that a cap of the policy bounds.
CREATE INDEX effects_gate ON effects (portal, created_at) WHERE approver = 'system:gate';
