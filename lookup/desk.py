"""The answer as a receptionist reads it on a terminal: words, no decisions."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

COLOURS = {
    "green": "green",
    "blue": "blue",
    "amber": "yellow",
    "red": "red",
    "grey": "bright_black",
}
"""Terminal colours by verdict."""

_MARKS = {"green": "✔", "blue": "☞", "amber": "!", "red": "✘", "grey": "…"}

_SEXES = {"male": "Nam", "female": "Nữ", "unknown": "Chưa xác định"}

_SOURCES = {
    "memory": "bộ nhớ",
    "redis": "Redis",
    "population": "cơ sở dữ liệu",
    "gateway": "cổng BHXH",
}


def show_answer(answer: dict[str, Any], console: Console) -> None:
    """Print an answer of ``POST /v1/lookups`` as a card."""
    result = answer["result"]
    colour = COLOURS[result["verdict"]]
    mark = _MARKS[result["verdict"]]
    parts: list[RenderableType] = [
        Text(f"{mark} {result['code']}  {result['text']['vi']}", f"bold {colour}"),
        Text(f"→ {result['next_step']['vi']}", "bold"),
        *_facts(_person(answer["person"]) + _card(answer["coverage"])),
        *_warnings(answer["coverage"]),
        *_health(answer["health"]),
    ]
    console.print(
        Panel(
            Group(*parts),
            title=result["text"]["en"],
            subtitle=_age(answer["freshness"]),
            border_style=colour,
            padding=(1, 2),
        )
    )


def show_problem(problem: dict[str, Any], console: Console) -> None:
    """Print a problem document: what is wrong and what to do."""
    parts = [
        Text(problem["title_vi"], "bold red"),
        Text(f"→ {problem['action']['vi']}", "bold"),
        *(Text(f"{e['pointer']}: {e['message']}") for e in problem["errors"]),
    ]
    console.print(Panel(Group(*parts), title=problem["title"], border_style="red"))


def _facts(rows: list[tuple[str, str]]) -> Iterator[Table]:
    if rows:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        for name, value in rows:
            # As Text: brackets in a name are no markup.
            table.add_row(name, Text(value))
        yield table


def _person(person: dict[str, Any] | None) -> list[tuple[str, str]]:
    if person is None:
        return []
    return [
        ("Họ và tên", person["full_name"]),
        ("Ngày sinh", f"{_day(person['birth_date'])} · {_SEXES[person['sex']]}"),
        ("Số định danh", person["citizen_id"] or "–"),
    ]


def _card(coverage: dict[str, Any] | None) -> list[tuple[str, str]]:
    if coverage is None or coverage["card"] is None:
        return []
    card, benefit = coverage["card"], coverage["benefit"]
    rows = [
        ("Thẻ BHYT", card["card_number"]),
        ("Hạn thẻ", _period(card)),
        ("Nơi ĐKKCB", f"{card['facility_code']} {card['facility_name'] or ''}".strip()),
    ]
    if benefit:
        rows.append(("Mức hưởng", f"{benefit['percent']} % (mức {benefit['level']})"))
    if card["area"]:
        rows.append(("Khu vực", card["area"]))
    if card["five_year_on"]:
        rows.append(("Đủ 5 năm", _day(card["five_year_on"])))
    others = coverage["other_cards"]
    return rows + [("Thẻ khác", f"{c['card_number']}  {_period(c)}") for c in others]


def _period(card: dict[str, Any]) -> str:
    return f"{_day(card['valid_from'])} – {_day(card['valid_to'])}"


def _warnings(coverage: dict[str, Any] | None) -> Iterator[Text]:
    for warning in coverage["warnings"] if coverage else ():
        yield Text(f"⚠ {warning['text']['vi']}", "yellow")


def _health(health: dict[str, Any] | None) -> list[Text]:
    if health is None:
        return []
    summary = health["summary"]
    if summary is None:
        return [Text("Hồ sơ sức khỏe: chưa lập", style="dim")]
    lines = [
        _section("Dị ứng", summary["allergies"], "bold red"),
        _section("Bệnh", summary["conditions"], ""),
        _section("Thuốc", summary["medications"], ""),
    ]
    if summary["blood_group"]:
        lines.append(Text(f"Nhóm máu: {summary['blood_group']}"))
    return lines


def _section(name: str, items: list[dict[str, Any]] | None, style: str) -> Text:
    if items is None:
        return Text(f"{name}: chưa ghi nhận", style="dim")
    if not items:
        return Text(f"{name}: không có")
    return Text(f"{name}: " + "; ".join(item["text"] for item in items), style=style)


def _age(freshness: dict[str, Any] | None) -> str | None:
    if freshness is None:
        return None
    stale = " · CŨ: nguồn dữ liệu đang gián đoạn" if freshness["is_stale"] else ""
    source = _SOURCES[freshness["source"]]
    return f"{source}, {freshness['age_s']:.0f} giây trước{stale}"


def _day(iso: str | None) -> str:
    """An ISO date as the desk writes it, as far as it is known; ``-`` for none."""
    return "/".join(reversed(iso.split("-"))) if iso else "-"
