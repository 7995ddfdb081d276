ALTER TABLE clients ADD COLUMN deadline_s double precision
    CHECK (deadline_s > 0 AND deadline_s <= 30);
COMMENT ON COLUMN clients.deadline_s IS 'How long the client waits for one lookup, in seconds; none for TRACUU_DEADLINE_S.';
