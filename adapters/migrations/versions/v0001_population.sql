-- The population: who lives here, how they are insured, what their record sums up to.
-- Columns are enumerated everywhere; every table and every surprising column says
-- what it holds. Citizen IDs are char(12) because leading zeros count.

CREATE TABLE facilities (
    facility_code char(5) PRIMARY KEY,
    name text NOT NULL,
    province_code char(2) NOT NULL
);
COMMENT ON TABLE facilities IS 'Places of care (cơ sở khám chữa bệnh).';
COMMENT ON COLUMN facilities.facility_code IS 'maCSKCB: 2 digits of the province and 3 characters.';

CREATE TABLE citizens (
    citizen_id char(12) PRIMARY KEY CHECK (citizen_id ~ '^[0-9]{12}$'),
    full_name text NOT NULL,
    folded_name text NOT NULL,
    birth_year smallint NOT NULL,
    birth_month smallint CHECK (birth_month BETWEEN 1 AND 12),
    birth_day smallint CHECK (birth_day BETWEEN 1 AND 31),
    sex text NOT NULL CHECK (sex IN ('male', 'female', 'unknown')),
    province_code char(3) NOT NULL,
    status text NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'superseded', 'restricted')),
    superseded_by char(12),
    coverage_version bigint NOT NULL DEFAULT 1,
    health_version bigint NOT NULL DEFAULT 1,
    CHECK ((status = 'superseded') = (superseded_by IS NOT NULL)),
    CHECK (superseded_by <> citizen_id),
    CHECK (birth_day IS NULL OR birth_month IS NOT NULL)
);
COMMENT ON TABLE citizens IS 'Identity-card files (hồ sơ căn cước).';
COMMENT ON COLUMN citizens.folded_name IS 'full_name without case, accents and doubtful spelling, for reports; lookups fold both sides themselves.';
COMMENT ON COLUMN citizens.birth_day IS 'NULL where only month or year was ever recorded.';
COMMENT ON COLUMN citizens.status IS 'superseded: a later number replaced this one. restricted: protected by order, shown as unknown.';
COMMENT ON COLUMN citizens.superseded_by IS 'The living number; triggers keep it from pointing to another superseded row. Cards and records still linked to this row count as those of the living number.';
COMMENT ON COLUMN citizens.coverage_version IS 'Version of person and cards; set by trigger, equals changes.change_id of the last change.';
COMMENT ON COLUMN citizens.health_version IS 'Version of the health facet; set by trigger.';

CREATE TABLE legacy_ids (
    legacy_id char(9) PRIMARY KEY CHECK (legacy_id ~ '^[0-9]{9}$'),
    citizen_id char(12) NOT NULL
);
COMMENT ON TABLE legacy_ids IS 'Numbers of old identity cards (CMND) and the citizen they became.';

CREATE TABLE insurance_cards (
    card_number char(15) PRIMARY KEY CHECK (card_number ~ '^[A-Z]{2}[0-9]{13}$'),
    citizen_id char(12),
    social_insurance_number char(10) NOT NULL,
    subject_code char(2) NOT NULL,
    benefit_level smallint NOT NULL CHECK (benefit_level BETWEEN 1 AND 5),
    valid_from date NOT NULL,
    valid_to date,
    facility_code char(5) NOT NULL,
    area char(2) CHECK (area IN ('K1', 'K2', 'K3')),
    five_year_on date,
    status text NOT NULL DEFAULT 'active' CHECK (status IN (
        'active', 'revoked', 'decreased', 'moved_out_of_province',
        'moved_within_province', 'readded_at_same_unit', 'stopped')),
    ended_on date,
    manager text NOT NULL DEFAULT 'social_security'
        CHECK (manager IN ('social_security', 'defence', 'public_security')),
    issued_by text,
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON TABLE insurance_cards IS 'Health-insurance cards (thẻ BHYT), current and former.';
COMMENT ON COLUMN insurance_cards.citizen_id IS 'NULL where the insurer has not linked the card to a citizen ID.';
COMMENT ON COLUMN insurance_cards.benefit_level IS 'Third character of the number (mã mức hưởng).';
COMMENT ON COLUMN insurance_cards.facility_code IS 'Place of registration (maDKBD); not bound to facilities, whose list lags behind.';
COMMENT ON COLUMN insurance_cards.ended_on IS 'First day on which status holds; NULL with a status other than active: on every day.';

CREATE TABLE health_summaries (
    citizen_id char(12) PRIMARY KEY,
    sections jsonb NOT NULL,
    updated_on date NOT NULL
);
COMMENT ON TABLE health_summaries IS 'Summary of the electronic health record, by section: allergies, conditions, medications, immunisations, blood_group, height_cm, weight_kg, blood_pressure, measured_on. A section that is absent was never recorded; an empty list means none known.';

CREATE TABLE visits (
    visit_id text PRIMARY KEY,
    citizen_id char(12) NOT NULL,
    facility_code char(5) NOT NULL,
    admitted_on date NOT NULL,
    discharged_on date,
    kind text NOT NULL CHECK (kind IN ('outpatient', 'inpatient', 'emergency')),
    diagnosis_code text NOT NULL,
    diagnosis text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN (
        'cured', 'better', 'unchanged', 'worse', 'died', 'unknown'))
);
COMMENT ON TABLE visits IS 'Stays and consultations (đợt khám chữa bệnh).';
COMMENT ON COLUMN visits.diagnosis_code IS 'ICD-10.';

CREATE TABLE documents (
    document_id text PRIMARY KEY,
    citizen_id char(12) NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'referral', 're_examination', 'discharge', 'summary')),
    issued_on date NOT NULL,
    valid_to date,
    facility_code char(5) NOT NULL,
    title text NOT NULL
);
COMMENT ON TABLE documents IS 'Papers of the record: their facts, not their pages.';

CREATE INDEX citizens_superseded_by ON citizens (superseded_by)
    WHERE superseded_by IS NOT NULL;
CREATE INDEX legacy_ids_citizen_id ON legacy_ids (citizen_id);
CREATE INDEX insurance_cards_citizen_id ON insurance_cards (citizen_id);
CREATE INDEX insurance_cards_social_insurance_number
    ON insurance_cards (social_insurance_number);
CREATE INDEX visits_citizen_id ON visits (citizen_id, admitted_on DESC);
CREATE INDEX documents_citizen_id ON documents (citizen_id, issued_on DESC);

-- Changes -----------------------------------------------------------------------

CREATE TABLE changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY (START WITH 2) PRIMARY KEY,
    citizen_id char(12) NOT NULL,
    facet text NOT NULL CHECK (facet IN ('coverage', 'health')),
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX changes_transaction_id ON changes (transaction_id);
CREATE INDEX changes_changed_at ON changes (changed_at);
COMMENT ON TABLE changes IS 'Outbox: which facet of which citizen changed. Filled by triggers, announced on channel tracuu_changes, read again from a transaction id after a broken connection.';
COMMENT ON COLUMN changes.change_id IS 'Also the new version of the facet. Identity values may commit out of order, so replay goes by transaction_id.';

CREATE FUNCTION note_change(citizen char(12), facet text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    version bigint;
BEGIN
    INSERT INTO changes (citizen_id, facet) VALUES (citizen, facet)
        RETURNING change_id INTO version;
    PERFORM pg_notify('tracuu_changes', '');
    RETURN version;
END $$;
COMMENT ON FUNCTION note_change IS 'Writes one change and rings the bell; the notice carries nothing, listeners read the table.';

CREATE FUNCTION touch_citizen(citizen char(12), facet text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    living char(12);
BEGIN
    IF citizen IS NULL THEN
        RETURN;
    END IF;
    SELECT coalesce(superseded_by, citizen_id) INTO living
        FROM citizens WHERE citizen_id = citizen;
    IF living IS NULL THEN
        RETURN;
    END IF;
    IF facet = 'coverage' THEN
        UPDATE citizens SET coverage_version = note_change(living, facet)
            WHERE citizen_id = living;
    ELSE
        UPDATE citizens SET health_version = note_change(living, facet)
            WHERE citizen_id = living;
    END IF;
END $$;

CREATE FUNCTION citizens_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR (TG_OP = 'UPDATE' AND NEW.citizen_id <> OLD.citizen_id) THEN
        PERFORM note_change(OLD.citizen_id, 'coverage');
        PERFORM note_change(OLD.citizen_id, 'health');
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.superseded_by IS NOT NULL THEN
        NEW.superseded_by := coalesce(
            (SELECT coalesce(superseded_by, citizen_id) FROM citizens
                WHERE citizen_id = NEW.superseded_by),
            NEW.superseded_by);
    END IF;
    NEW.coverage_version := note_change(NEW.citizen_id, 'coverage');
    IF TG_OP = 'INSERT' OR NEW.citizen_id <> OLD.citizen_id
        OR NEW.status <> OLD.status
        OR NEW.superseded_by IS DISTINCT FROM OLD.superseded_by THEN
        NEW.health_version := note_change(NEW.citizen_id, 'health');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER citizens_changed
    BEFORE INSERT OR DELETE OR UPDATE OF citizen_id, full_name, birth_year,
        birth_month, birth_day, sex, status, superseded_by
    ON citizens FOR EACH ROW EXECUTE FUNCTION citizens_changed();

CREATE FUNCTION citizens_superseded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.superseded_by IS NOT NULL THEN
        PERFORM touch_citizen(OLD.superseded_by, 'coverage');
        PERFORM touch_citizen(OLD.superseded_by, 'health');
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.superseded_by IS NOT NULL THEN
        PERFORM touch_citizen(NEW.superseded_by, 'coverage');
        PERFORM touch_citizen(NEW.superseded_by, 'health');
        UPDATE citizens SET superseded_by = NEW.superseded_by
            WHERE superseded_by = NEW.citizen_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION citizens_superseded IS 'What a superseded number leads to gains or loses its cards and records; numbers that led to it are led on.';

CREATE TRIGGER citizens_superseded
    AFTER INSERT OR DELETE OR UPDATE OF superseded_by
    ON citizens FOR EACH ROW EXECUTE FUNCTION citizens_superseded();

CREATE FUNCTION part_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM touch_citizen(OLD.citizen_id, TG_ARGV[0]);
    END IF;
    IF TG_OP = 'INSERT'
        OR (TG_OP = 'UPDATE' AND NEW.citizen_id IS DISTINCT FROM OLD.citizen_id) THEN
        PERFORM touch_citizen(NEW.citizen_id, TG_ARGV[0]);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER insurance_cards_changed AFTER INSERT OR UPDATE OR DELETE
    ON insurance_cards FOR EACH ROW EXECUTE FUNCTION part_changed('coverage');
CREATE TRIGGER health_summaries_changed AFTER INSERT OR UPDATE OR DELETE
    ON health_summaries FOR EACH ROW EXECUTE FUNCTION part_changed('health');
CREATE TRIGGER visits_changed AFTER INSERT OR UPDATE OR DELETE
    ON visits FOR EACH ROW EXECUTE FUNCTION part_changed('health');
CREATE TRIGGER documents_changed AFTER INSERT OR UPDATE OR DELETE
    ON documents FOR EACH ROW EXECUTE FUNCTION part_changed('health');

CREATE FUNCTION legacy_id_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM touch_citizen(OLD.citizen_id, 'coverage');
        PERFORM touch_citizen(OLD.citizen_id, 'health');
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM touch_citizen(NEW.citizen_id, 'coverage');
        PERFORM touch_citizen(NEW.citizen_id, 'health');
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER legacy_ids_changed AFTER INSERT OR UPDATE OR DELETE
    ON legacy_ids FOR EACH ROW EXECUTE FUNCTION legacy_id_changed();

-- Who asked, and who may ---------------------------------------------------------

CREATE TABLE clients (
    client_id text PRIMARY KEY CHECK (client_id ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
    description text NOT NULL DEFAULT '',
    key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    key_hint char(4) NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE clients IS 'Systems that may ask. The key itself is shown once and kept nowhere.';
COMMENT ON COLUMN clients.key_hash IS 'SHA-256 of the whole key.';
COMMENT ON COLUMN clients.key_hint IS 'Last four characters of the key, to tell two keys apart.';

CREATE FUNCTION clients_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tracuu_clients', '');
    RETURN NULL;
END $$;
CREATE TRIGGER clients_changed AFTER INSERT OR UPDATE OR DELETE
    ON clients FOR EACH STATEMENT EXECUTE FUNCTION clients_changed();

CREATE TABLE audit_log (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    request_id text NOT NULL,
    client_id text NOT NULL,
    channel text NOT NULL,
    operator text,
    purpose text NOT NULL,
    facets text[] NOT NULL,
    asked_kind text,
    asked_number text,
    citizen_id char(12),
    code char(3) NOT NULL,
    outcome text NOT NULL,
    source text,
    disclosed boolean NOT NULL
);
CREATE INDEX audit_log_citizen_id ON audit_log (citizen_id, at);
CREATE INDEX audit_log_at ON audit_log (at);
COMMENT ON TABLE audit_log IS 'Every lookup: who asked about whom, why, and what left the house. Append only.';
COMMENT ON COLUMN audit_log.citizen_id IS 'The living number, where somebody was found.';

CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append only';
END $$;
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE
    ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();

CREATE TRIGGER audit_log_is_never_emptied BEFORE TRUNCATE
    ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

CREATE TABLE worklist (
    asked_kind text NOT NULL,
    asked_number text NOT NULL,
    code char(3) NOT NULL,
    client_id text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    done_at timestamptz,
    PRIMARY KEY (asked_kind, asked_number, code, client_id)
);
COMMENT ON TABLE worklist IS 'Lookups that found nobody or did not fit, for the office that corrects records.';
COMMENT ON COLUMN worklist.done_at IS 'When the office had put it right; NULL again as soon as the same lookup fails again.';
