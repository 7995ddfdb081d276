from rich.pretty import pretty_repr

from tests.support.builders import a_coverage, a_finding, a_health

SECRETS = ("068180000001", "Nguyễn", "GD4686800000001", "Penicillin", "1980")


def test_no_record_shows_its_content_when_printed():
    for record in (a_coverage(), a_health(), a_finding()):
        shown = f"{record} {record!r} {[record]}"

        assert "***" in shown
        assert not any(secret in shown for secret in SECRETS)


def test_no_record_shows_its_content_in_a_rich_trace():
    shown = pretty_repr([a_coverage(), a_health(), a_finding()])

    assert "***" in shown
    assert not any(secret in shown for secret in SECRETS)
