"""The two statements of a lookup, one per facet: many numbers in, one row per person.

``$1`` holds kinds and ``$2`` numbers, in step. A row tells the place of the number in
the question, the version of the facet and the facet as JSON, named as in
``lookup.record``. A number that leads to nobody, or to two people, has no row.
"""

_LIVING = """
WITH asked AS (
    SELECT place, kind, number::bpchar AS number
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (kind, number, place)
), living AS (
    SELECT asked.place, living.*, ARRAY(
        SELECT former.citizen_id FROM citizens AS former
        WHERE former.superseded_by = living.citizen_id
    ) || living.citizen_id AS numbers
    FROM asked
    CROSS JOIN LATERAL (
        SELECT asked.number AS citizen_id WHERE asked.kind = 'citizen_id'
        UNION ALL
        SELECT legacy.citizen_id FROM legacy_ids AS legacy
        WHERE asked.kind = 'legacy_id' AND legacy.legacy_id = asked.number
        UNION ALL
        SELECT card.citizen_id FROM insurance_cards AS card
        WHERE asked.kind = 'card_number' AND card.card_number = asked.number
        UNION ALL
        SELECT min(coalesce(holder.superseded_by, holder.citizen_id))
        FROM insurance_cards AS card
        JOIN citizens AS holder ON holder.citizen_id = card.citizen_id
        WHERE asked.kind = 'social_insurance_number'
            AND card.social_insurance_number = asked.number
        HAVING count(DISTINCT coalesce(holder.superseded_by, holder.citizen_id)) = 1
    ) AS meant
    JOIN citizens AS named ON named.citizen_id = meant.citizen_id
    JOIN citizens AS living
        ON living.citizen_id = coalesce(named.superseded_by, named.citizen_id)
)
"""
"""``number::bpchar`` compares with char(n) by its index and never cuts a longer number.

``numbers`` are all numbers the person ever had: cards and records may still be linked
to a former one.
"""

_COVERAGE = """
SELECT living.place, living.coverage_version AS version, json_build_object(
    'person', json_build_object(
        'citizen_id', living.citizen_id,
        'full_name', living.full_name,
        'birth_date', json_build_object(
            'year', living.birth_year,
            'month', living.birth_month,
            'day', living.birth_day),
        'sex', living.sex,
        'is_restricted', living.status = 'restricted'),
    'cards', (
        SELECT coalesce(json_agg(card), '[]') FROM (
            SELECT card.card_number, card.social_insurance_number,
                card.subject_code, card.benefit_level, card.valid_from, card.valid_to,
                card.facility_code, facility.name AS facility_name, card.area,
                card.five_year_on, card.status, card.ended_on, card.manager,
                card.issued_by
            FROM insurance_cards AS card
            LEFT JOIN facilities AS facility
                ON facility.facility_code = card.facility_code
            WHERE card.citizen_id = ANY (living.numbers)
            ORDER BY card.valid_from, card.card_number
        ) AS card)
) AS record
FROM living
"""
"""Person and cards, newest start last."""

_HEALTH = """
SELECT living.place, living.health_version AS version, json_build_object(
    'citizen_id', living.citizen_id,
    'summary', (
        SELECT summary.sections
            || jsonb_build_object('updated_on', summary.updated_on)
        FROM health_summaries AS summary
        WHERE summary.citizen_id = ANY (living.numbers)
        ORDER BY summary.citizen_id = living.citizen_id DESC, summary.updated_on DESC
        LIMIT 1),
    'visits', (
        SELECT coalesce(json_agg(visit), '[]') FROM (
            SELECT visit.visit_id, visit.facility_code,
                facility.name AS facility_name, visit.admitted_on,
                visit.discharged_on, visit.kind, visit.diagnosis_code,
                visit.diagnosis, visit.outcome
            FROM unnest(living.numbers) AS number
            CROSS JOIN LATERAL (
                SELECT visit_id, facility_code, admitted_on, discharged_on, kind,
                    diagnosis_code, diagnosis, outcome
                FROM visits WHERE citizen_id = number
                ORDER BY admitted_on DESC LIMIT 20
            ) AS visit
            LEFT JOIN facilities AS facility
                ON facility.facility_code = visit.facility_code
            ORDER BY visit.admitted_on DESC, visit.visit_id LIMIT 20
        ) AS visit),
    'documents', (
        SELECT coalesce(json_agg(document), '[]') FROM (
            SELECT document.*
            FROM unnest(living.numbers) AS number
            CROSS JOIN LATERAL (
                SELECT document_id, kind, issued_on, valid_to, facility_code, title
                FROM documents WHERE citizen_id = number
                ORDER BY issued_on DESC LIMIT 20
            ) AS document
            ORDER BY document.issued_on DESC, document.document_id LIMIT 20
        ) AS document)
) AS record
FROM living
"""
"""Summary, and the newest 20 visits and documents; read by index, already in order."""

COVERAGE = _LIVING + _COVERAGE
HEALTH = _LIVING + _HEALTH
