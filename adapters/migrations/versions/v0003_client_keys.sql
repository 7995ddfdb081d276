ALTER TABLE clients ADD COLUMN key_set text;
COMMENT ON COLUMN clients.key_set IS 'JWK set of the public keys by which the client gets access tokens; none for most.';

CREATE TABLE used_assertions (
    client_id text NOT NULL REFERENCES clients,
    jti_hash bytea NOT NULL CHECK (length(jti_hash) = 32),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
);
CREATE INDEX used_assertions_expires_at ON used_assertions (expires_at);
COMMENT ON TABLE used_assertions IS 'Assertions that were exchanged for an access token, so that none is twice. Removed once they have expired.';
COMMENT ON COLUMN used_assertions.jti_hash IS 'SHA-256 of the jti: it may be any text.';
