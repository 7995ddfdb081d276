import pytest

from adapters.audit_keys import (
    AuditKeys,
    NumberSeal,
    UnsealedError,
    is_signed,
    make_officer_key,
    open_as_officer,
    seal_for,
)
from tests.support.builders import CITIZEN_ID

OTHER_ID = "068180000006"

KEYS = AuditKeys(b"s" * 32)
OTHERS = AuditKeys(b"t" * 32)
KEY = b"k" * 32


def test_hash_is_the_same_for_the_same_number_and_secret_only():
    hash_ = KEYS.hash_of("citizen_id", CITIZEN_ID)

    assert hash_ == AuditKeys(b"s" * 32).hash_of("citizen_id", CITIZEN_ID)
    assert hash_ not in {
        KEYS.hash_of("citizen_id", OTHER_ID),
        KEYS.hash_of("legacy_id", CITIZEN_ID),
        OTHERS.hash_of("citizen_id", CITIZEN_ID),
    }
    assert CITIZEN_ID not in hash_


def test_signature_holds_for_one_message_and_one_signer():
    signature = KEYS.sign(b"message")

    assert is_signed(b"message", signature, KEYS.signer)
    assert not is_signed(b"massage", signature, KEYS.signer)
    assert not is_signed(b"message", signature, OTHERS.signer)
    assert not is_signed(b"message", "no signature", KEYS.signer)


def test_worklist_has_another_key_in_every_file():
    assert KEYS.worklist_key(b"a") != KEYS.worklist_key(b"b")
    assert KEYS.worklist_key(b"a") != OTHERS.worklist_key(b"a")


def test_number_opens_in_its_place_only():
    seal = NumberSeal(KEY, "chain")
    sealed = seal.seal(7, CITIZEN_ID)

    assert seal.open(7, sealed) == CITIZEN_ID
    for other, place in ((seal, 8), (NumberSeal(KEY, "chair"), 7)):
        with pytest.raises(UnsealedError):
            other.open(place, sealed)
    with pytest.raises(UnsealedError):
        seal.open(7, "no base64")


def test_officer_alone_opens_what_is_sealed_for_the_officer():
    private, public = make_officer_key()
    another, _ = make_officer_key()

    sealed = seal_for(public, KEY)

    assert open_as_officer(private, sealed) == KEY
    for key, what in ((another, sealed), (private, sealed[4:]), ("no key", sealed)):
        with pytest.raises(UnsealedError):
            open_as_officer(key, what)


def test_the_same_key_is_never_sealed_alike_twice():
    _, public = make_officer_key()

    assert seal_for(public, KEY) != seal_for(public, KEY)


def test_what_another_secret_wrote_is_found_while_that_is_replaced():
    rotated = AuditKeys(b"n" * 32, b"s" * 32)

    assert KEYS.hash_of("citizen_id", CITIZEN_ID) in rotated.hashes_of(
        "citizen_id", CITIZEN_ID
    )
    assert KEYS.signer in rotated.signers
    assert KEYS.worklist_key(b"a") in rotated.worklist_keys(b"a")
    assert rotated.signer != KEYS.signer
    assert rotated.worklist_key(b"a") != KEYS.worklist_key(b"a")
