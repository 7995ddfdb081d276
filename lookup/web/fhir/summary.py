"""The patient summary: an IPS document with its narrative, sections and entries.

A section that was never recorded is empty and says so; a section in which nothing is
known to be holds an entry that says that. For allergies the difference saves lives.

Source: HL7 International Patient Summary 2.0.0, "Empty Sections and Missing Data".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from lookup.record import CodedItem, HealthSummary
from lookup.result import LookupResult
from lookup.web.fhir import clinical
from lookup.web.fhir.naming import Naming
from lookup.web.fhir.resources import Resource, patient, stable_uuid, stamped
from lookup.web.fhir.systems import HL7, LOINC, concept

PROFILES = "http://hl7.org/fhir/uv/ips/StructureDefinition/"

_TRACUU = {"name": "Tracuu", "type": "user-friendly-name"}

_NOTHING = "Chưa có thông tin"
_NONE_KNOWN = "Không có"


@dataclass(frozen=True, slots=True)
class Section:
    """One section that is always there: what it is called, and its entries."""

    code: str
    display: str
    title: str
    write: Callable[[CodedItem, Resource], Resource]
    write_none: Callable[[Resource], Resource]


_REQUIRED = {
    "conditions": Section(
        "11450-4",
        "Problem list - Reported",
        "Bệnh và vấn đề sức khỏe",
        clinical.condition,
        clinical.no_known_condition,
    ),
    "allergies": Section(
        "48765-2",
        "Allergies and adverse reactions Document",
        "Dị ứng",
        clinical.allergy,
        clinical.no_known_allergy,
    ),
    "medications": Section(
        "10160-0",
        "History of Medication use Narrative",
        "Thuốc đang dùng",
        clinical.medication,
        clinical.no_known_medication,
    ),
}


class _Document:
    """A document being put together: sections, and the entries they point at."""

    def __init__(self, subject: Resource, patient_id: str) -> None:
        self.subject = subject
        self.sections: list[Resource] = []
        self.entries: list[Resource] = []
        self._patient_id = patient_id
        self.author = self.add({"resourceType": "Device", "deviceName": [_TRACUU]})

    def add(self, resource: Resource) -> Resource:
        """Take a resource in, and give the reference to it."""
        uuid = stable_uuid(self._patient_id, str(len(self.entries)))
        url = f"urn:uuid:{uuid}"
        self.entries.append({"fullUrl": url, "resource": resource | {"id": uuid}})
        return {"reference": url}

    def write(
        self, code: Resource, title: str, resources: Sequence[Resource], *, says: str
    ) -> None:
        """Add a section; one without resources says why it is empty."""
        section: Resource = {
            "title": title,
            "code": code,
            "text": {"status": "generated", "div": says},
        }
        if resources:
            section["entry"] = [self.add(resource) for resource in resources]
        else:
            section["emptyReason"] = concept(
                f"{HL7}list-empty-reason", "unavailable", text=_NOTHING
            )
        self.sections.append(section)


def summary_bundle(
    result: LookupResult, naming: Naming, *, patient_id: str, now: datetime
) -> Resource:
    """The document for an answer that shows a person and was asked for health."""
    assert result.person is not None
    found = result.health.summary if result.health is not None else None
    url = f"{naming.base_url}/Patient/{patient_id}"
    document = _Document({"reference": url}, patient_id)
    summary = found or HealthSummary()
    for name, section in _REQUIRED.items():
        _write_required(document, section, getattr(summary, name))
    _write_others(document, summary)
    uuid = stable_uuid(patient_id, "composition")
    subject = stamped(patient(result.person, patient_id, naming.systems), result)
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{PROFILES}Bundle-uv-ips"]},
        "identifier": {
            "system": "urn:ietf:rfc:3986",
            "value": f"urn:uuid:{stable_uuid(patient_id, result.request_id)}",
        },
        "type": "document",
        "timestamp": now.isoformat(timespec="seconds"),
        "entry": [
            {
                "fullUrl": f"urn:uuid:{uuid}",
                "resource": _composition(document, now) | {"id": uuid},
            },
            {"fullUrl": url, "resource": subject},
            *document.entries,
        ],
    }


def _composition(document: _Document, now: datetime) -> Resource:
    return {
        "resourceType": "Composition",
        "meta": {"profile": [f"{PROFILES}Composition-uv-ips"]},
        "language": "vi",
        "status": "final",
        "type": concept(LOINC, "60591-5", display="Patient summary Document"),
        "subject": document.subject,
        "date": now.isoformat(timespec="seconds"),
        "author": [document.author],
        "title": "Tóm tắt hồ sơ sức khỏe",
        "section": document.sections,
    }


def _write_required(
    document: _Document, section: Section, items: tuple[CodedItem, ...] | None
) -> None:
    subject = document.subject
    resources: list[Resource] = []
    lines = [_NOTHING]
    if items is not None:
        resources = [section.write(item, subject) for item in items]
        resources = resources or [section.write_none(subject)]
        lines = list(map(_line, items)) or [_NONE_KNOWN]
    code = concept(LOINC, section.code, display=section.display)
    document.write(code, section.title, resources, says=_narrative(lines))


def _write_others(document: _Document, summary: HealthSummary) -> None:
    """Sections that are there only if there is something in them."""
    subject, author = document.subject, document.author
    if summary.immunisations:
        document.write(
            concept(LOINC, "11369-6", display="History of Immunization note"),
            "Tiêm chủng",
            [clinical.immunisation(item, subject) for item in summary.immunisations],
            says=_narrative(list(map(_line, summary.immunisations))),
        )
    if summary.blood_group is not None:
        document.write(
            concept(
                LOINC,
                "30954-2",
                display="Relevant diagnostic tests/laboratory data note",
            ),
            "Kết quả xét nghiệm",
            [clinical.blood_group(summary, subject, author)],
            says=_narrative([f"Nhóm máu: {summary.blood_group}"]),
        )
    signs = clinical.vital_signs(summary, subject, author)
    if signs:
        document.write(
            concept(LOINC, "8716-3", display="Vital signs note"),
            "Sinh hiệu",
            signs,
            says=_narrative(_measured(summary)),
        )


def _measured(summary: HealthSummary) -> list[str]:
    said = {
        "Chiều cao": summary.height_cm and f"{summary.height_cm:g} cm",
        "Cân nặng": summary.weight_kg and f"{summary.weight_kg:g} kg",
        "Huyết áp": summary.blood_pressure and f"{summary.blood_pressure} mmHg",
    }
    return [f"{name}: {text}" for name, text in said.items() if text]


def _line(item: CodedItem) -> str:
    """An entry as a person reads it."""
    extras = (item.code, item.since, item.note)
    inside = ", ".join(extra for extra in extras if extra)
    return f"{item.text} ({inside})" if inside else item.text


def _narrative(lines: Sequence[str]) -> str:
    inside = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<div xmlns="http://www.w3.org/1999/xhtml"><ul>{inside}</ul></div>'
