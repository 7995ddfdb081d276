import pytest

from lookup.settings import (
    Settings,
    SettingsError,
    read_database_url,
    settings_table,
    variable_of,
)

NEEDED = {
    "TRACUU_DATABASE_URL": "postgresql://tracuu@db/tracuu",
    "TRACUU_REDIS_URL": "redis://cache:6379/0",
    "TRACUU_CACHE_KEY": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
}


def faults(**environ):
    with pytest.raises(SettingsError) as raised:
        Settings.read({**NEEDED, **environ})
    return raised.value.faults


def test_three_settings_are_enough():
    settings = Settings.read(NEEDED)

    assert settings.http_port == 8080
    assert settings.redis_url.get_secret_value() == "redis://cache:6379/0"


def test_another_process_reads_the_same_settings():
    settings = Settings.read({**NEEDED, "TRACUU_WORKERS": "7", "TRACUU_FRESH_S": "9"})

    assert Settings.read(settings.environ()) == settings


def test_every_fault_is_told_at_once_with_its_variable():
    with pytest.raises(SettingsError) as raised:
        Settings.read(
            {
                "TRACUU_REDIS_URL": "http://cache",
                "TRACUU_CACHE_KEY": "short",
                "TRACUU_HTTP_PRT": "8080",
                "TRACUU_WORKERS": "none",
            }
        )

    named = [fault.split(":")[0] for fault in raised.value.faults]
    assert named == [
        "TRACUU_HTTP_PRT",
        "TRACUU_DATABASE_URL",
        "TRACUU_REDIS_URL",
        "TRACUU_CACHE_KEY",
        "TRACUU_WORKERS",
    ]


def test_a_misspelt_setting_is_refused_and_the_right_one_offered():
    assert faults(TRACUU_HTTP_PRT="1") == [
        "TRACUU_HTTP_PRT: is no setting; did you mean TRACUU_HTTP_PORT?"
    ]


def test_a_setting_like_no_other_is_refused_without_a_guess():
    assert faults(TRACUU_QQQQQQQQQQQQ="1") == ["TRACUU_QQQQQQQQQQQQ: is no setting"]


def test_callers_variables_are_left_alone():
    assert Settings.read({**NEEDED, "TRACUU_API_KEY": "x", "PATH": "/bin"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRACUU_DATABASE_URL", "mysql://user:hunter2@db"),
        ("TRACUU_REDIS_URL", "http://:hunter2@cache"),
        ("TRACUU_CACHE_KEY", "hunter2"),
        ("TRACUU_CACHE_KEY", "aHVudGVyMg=="),
        ("TRACUU_OTHER_CACHE_KEYS", f"{'A' * 43}=,hunter2"),
        ("TRACUU_LOG_LEVEL", "hunter2"),
    ],
)
def test_a_fault_never_repeats_the_value(variable, value):
    assert "hunter2" not in " ".join(faults(**{variable: value}))


def test_a_number_out_of_range_says_range_and_default():
    assert faults(TRACUU_HTTP_PORT="0") == [
        (
            "TRACUU_HTTP_PORT: input should be greater than or equal to 1; "
            "the default is 8080"
        )
    ]


def test_secrets_do_not_show_when_printed():
    shown = repr(Settings.read(NEEDED))

    assert NEEDED["TRACUU_CACHE_KEY"] not in shown
    assert "tracuu@db" not in shown


def test_the_database_alone_can_be_read():
    assert read_database_url(NEEDED) == "postgresql://tracuu@db/tracuu"


@pytest.mark.parametrize("environ", [{}, {"TRACUU_DATABASE_URL": "db"}])
def test_a_missing_or_odd_database_says_what_to_write(environ):
    with pytest.raises(SettingsError, match=r"TRACUU_DATABASE_URL: .*postgresql://"):
        read_database_url(environ)


def test_every_setting_has_a_meaning_in_the_table():
    table = settings_table()

    assert [row[0] for row in table] == [variable_of(n) for n in Settings.model_fields]
    assert all(meaning.endswith(".") for _, _, meaning in table)


GATEWAY = {
    "TRACUU_GATEWAY_URL": "https://gateway.invalid/province",
    "TRACUU_GATEWAY_USERNAME": "68001_BV",
    "TRACUU_GATEWAY_PASSWORD_MD5": "0123456789abcdef0123456789ABCDEF",
    "TRACUU_GATEWAY_OFFICER_NAME": "Trần Văn Mẫu",
    "TRACUU_GATEWAY_OFFICER_CITIZEN_ID": "068080999999",
}


@pytest.mark.parametrize("sources", ["gateway", "population,gateway"])
def test_the_gateway_as_a_source_needs_an_address_and_an_account(sources):
    told = faults(TRACUU_SOURCES=sources)

    assert [fault.split(":")[0] for fault in told] == list(GATEWAY)
    assert Settings.read({**NEEDED, **GATEWAY, "TRACUU_SOURCES": sources})


FILE = {"TRACUU_CLIENTS_FILE": "/etc/tracuu/clients.toml"}
WITHOUT_DATABASE = {"TRACUU_DATABASE_URL": ""} | GATEWAY | FILE


def test_the_gateway_alone_needs_no_database_but_a_file():
    settings = Settings.read(NEEDED | WITHOUT_DATABASE | {"TRACUU_SOURCES": "gateway"})

    assert settings.clients_file == "/etc/tracuu/clients.toml"
    assert Settings.read(settings.environ()) == settings


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"TRACUU_CLIENTS_FILE": ""}, ["TRACUU_DATABASE_URL"]),
        ({"TRACUU_SOURCES": "population,gateway"}, ["TRACUU_DATABASE_URL"]),
        ({"TRACUU_SOURCES": "population"}, ["TRACUU_DATABASE_URL"]),
        (
            {"TRACUU_GATEWAY_URL": "", "TRACUU_WORKERS": "0"},
            ["TRACUU_GATEWAY_URL", "TRACUU_WORKERS"],
        ),
        (
            {"TRACUU_DATABASE_URL": NEEDED["TRACUU_DATABASE_URL"]},
            list(FILE),
        ),
    ],
)
def test_what_does_not_go_together_is_told_at_once(changed, missing):
    told = faults(**WITHOUT_DATABASE | {"TRACUU_SOURCES": "gateway"} | changed)

    assert [fault.split(":")[0] for fault in told] == missing


def test_without_it_nothing_of_it_is_needed():
    assert Settings.read({**NEEDED, "TRACUU_SOURCES": "population"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TRACUU_SOURCES", "gateway,population"),
        ("TRACUU_GATEWAY_URL", "gateway.invalid"),
        ("TRACUU_GATEWAY_URL", "https://user:word@gateway.invalid"),
        ("TRACUU_GATEWAY_URL", "https://gateway.invalid/?token=1"),
        ("TRACUU_GATEWAY_PASSWORD_MD5", "the password itself"),
        ("TRACUU_GATEWAY_TIMEOUT_S", "99"),
    ],
)
def test_a_malformed_setting_of_the_gateway_is_named_and_not_repeated(name, text):
    (fault,) = faults(**{name: text})

    assert fault.startswith(name)
    assert text not in fault


def test_an_account_of_the_gateway_is_never_printed():
    settings = Settings.read({**NEEDED, **GATEWAY})

    for secret in ("0123456789", "Mẫu", "068080999999"):
        assert secret not in repr(settings)


def test_the_audits_folder_is_beside_the_workers_files_unless_set():
    beside = Settings.read(NEEDED | {"TRACUU_STATE_DIR": "/var/lib/tracuu"})
    set_ = Settings.read(NEEDED | {"TRACUU_AUDIT_DIR": "/audit"})

    assert str(beside.audit_folder) == "/var/lib/tracuu/audit"
    assert str(set_.audit_folder) == "/audit"


def test_the_setting_of_an_earlier_version_says_what_it_is_now():
    assert faults(TRACUU_AUDIT_FILE="/var/log/audit.jsonl") == [
        "TRACUU_AUDIT_FILE: is no setting any more: TRACUU_AUDIT_DIR is a folder"
    ]


@pytest.mark.parametrize("key", ["c2hvcnQ=", "no base64"])
def test_a_malformed_key_of_the_officer_says_how_to_make_one(key):
    (fault,) = faults(TRACUU_AUDIT_OFFICER_KEY=key)

    assert "tracuu audit officer-key" in fault
    assert key not in fault
