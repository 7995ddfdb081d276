ALTER TABLE audit_log
    ADD COLUMN chain text,
    ADD COLUMN n bigint,
    ADD COLUMN facility text,
    ADD COLUMN released text[],
    ADD COLUMN age_s double precision,
    ADD COLUMN asked_hash bytea,
    ADD COLUMN citizen_hash bytea,
    ADD COLUMN number_sealed text;
COMMENT ON COLUMN audit_log.chain IS 'The chain of lines the entry was carried from; none for those written before there were chains.';
COMMENT ON COLUMN audit_log.n IS 'Its line in that chain.';
COMMENT ON COLUMN audit_log.facility IS 'For which facility the client asked, where it is known.';
COMMENT ON COLUMN audit_log.released IS 'The facets that left the house.';
COMMENT ON COLUMN audit_log.age_s IS 'How old the record was, in seconds.';
COMMENT ON COLUMN audit_log.asked_hash IS 'Keyed hash of the number that was asked for.';
COMMENT ON COLUMN audit_log.citizen_hash IS 'Keyed hash of the living number or, where nobody was found, of the citizen ID that was asked for.';
COMMENT ON COLUMN audit_log.number_sealed IS 'Kind, asked number and living number, sealed for the data-protection officer; none without an officer''s key.';
COMMENT ON COLUMN audit_log.asked_number IS 'In clear, in entries from before there were chains only.';
COMMENT ON COLUMN audit_log.citizen_id IS 'The living number in clear, in entries from before there were chains only.';
CREATE UNIQUE INDEX audit_log_chain ON audit_log (chain, n);
CREATE INDEX audit_log_citizen_hash ON audit_log (citizen_hash, at);
DROP INDEX audit_log_citizen_id;
CREATE INDEX audit_log_citizen_id ON audit_log (citizen_id, at) WHERE citizen_id IS NOT NULL;

CREATE TABLE audit_chains (
    chain text PRIMARY KEY,
    count bigint NOT NULL CHECK (count > 0),
    head bytea NOT NULL CHECK (length(head) = 32)
);
COMMENT ON TABLE audit_chains IS 'How far each chain of the audit was carried here; moved in one transaction with its entries.';
COMMENT ON COLUMN audit_chains.chain IS 'Its name, drawn when it began.';
COMMENT ON COLUMN audit_chains.count IS 'The last line that is here.';
COMMENT ON COLUMN audit_chains.head IS 'The hash of that line.';

CREATE TABLE audit_checkpoints (
    chain text NOT NULL REFERENCES audit_chains,
    count bigint NOT NULL,
    head bytea NOT NULL CHECK (length(head) = 32),
    event text NOT NULL,
    PRIMARY KEY (chain, count)
);
COMMENT ON TABLE audit_checkpoints IS 'Signatures over the chains, so that a file cut short shows. Append only.';
COMMENT ON COLUMN audit_checkpoints.chain IS 'The chain that is signed.';
COMMENT ON COLUMN audit_checkpoints.count IS 'How many lines are signed.';
COMMENT ON COLUMN audit_checkpoints.head IS 'The hash of the last of them.';
COMMENT ON COLUMN audit_checkpoints.event IS 'The checkpoint as it stands in the file, with signature and, for the first line of a file, the sealed key of its numbers.';
CREATE TRIGGER audit_checkpoints_are_append_only BEFORE UPDATE OR DELETE
    ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_checkpoints_are_never_emptied BEFORE TRUNCATE
    ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
