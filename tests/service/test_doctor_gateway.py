"""What ``tracuu doctor`` says of the gateway."""

import pytest

from lookup.doctor import _gateway
from lookup.settings import Settings
from tests.support.clock import HandClock
from tests.support.gateway_asker import open_double_of_lan
from tests.support.gateway_double import ACCOUNT
from tests.unit.test_settings import NEEDED


def settings_for(url, password_md5=ACCOUNT.password_md5):
    return Settings.read(
        NEEDED
        | {
            "TRACUU_SOURCES": "gateway",
            "TRACUU_GATEWAY_URL": url,
            "TRACUU_GATEWAY_USERNAME": ACCOUNT.username,
            "TRACUU_GATEWAY_PASSWORD_MD5": password_md5,
            "TRACUU_GATEWAY_OFFICER_NAME": ACCOUNT.officer_name,
            "TRACUU_GATEWAY_OFFICER_CITIZEN_ID": ACCOUNT.officer_citizen_id,
        }
    )


@pytest.mark.parametrize("write", [str.upper, str.lower])
async def test_a_gateway_that_gives_a_token_is_well(write):
    async with open_double_of_lan() as double:
        finding = await _gateway(
            settings_for(double.url, write(ACCOUNT.password_md5)), HandClock()
        )

    assert (finding.is_well, double.asked) == (True, [])


async def test_a_wrong_password_is_told_as_ours():
    async with open_double_of_lan() as double:
        finding = await _gateway(settings_for(double.url, "f" * 32), HandClock())

    assert not finding.is_well
    assert "TRACUU_GATEWAY_URL and the account right?" in finding.told


async def test_a_closed_door_is_told_as_theirs():
    finding = await _gateway(settings_for("http://127.0.0.1:1"), HandClock())

    assert finding.told.endswith("is it running?")
