CREATE TABLE gateway_users (
    username text PRIMARY KEY CHECK (username ~ '^[0-9A-Za-z][0-9A-Za-z_.-]{1,39}$'),
    client_id text NOT NULL REFERENCES clients,
    password_salt bytea NOT NULL CHECK (length(password_salt) = 16),
    password_hash bytea NOT NULL CHECK (length(password_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE gateway_users IS 'Accounts through which a client speaks the insurer''s protocol; its scopes and its end are the client''s.';
COMMENT ON COLUMN gateway_users.password_hash IS 'scrypt of the upper-case MD5 of the password: the protocol sends no more than that MD5.';

CREATE TABLE gateway_officers (
    client_id text NOT NULL REFERENCES clients,
    number_hash bytea NOT NULL CHECK (length(number_hash) = 32),
    name_folded text NOT NULL CHECK (name_folded <> ''),
    PRIMARY KEY (client_id, number_hash)
);
COMMENT ON TABLE gateway_officers IS 'Who may sit at a client''s desks. A client without rows here is not asked.';
COMMENT ON COLUMN gateway_officers.number_hash IS 'SHA-256 of client and citizen ID, so that no listing shows staff numbers.';

CREATE TRIGGER gateway_users_changed AFTER INSERT OR UPDATE OR DELETE
    ON gateway_users FOR EACH STATEMENT EXECUTE FUNCTION clients_changed();
CREATE TRIGGER gateway_officers_changed AFTER INSERT OR UPDATE OR DELETE
    ON gateway_officers FOR EACH STATEMENT EXECUTE FUNCTION clients_changed();
