"""A chain that somebody has been at, a thousand times and each time otherwise."""

import random
import re

import pytest

from adapters.audit_chain import event_in, line_of, linked
from adapters.audit_files import Folder
from adapters.audit_keys import AuditKeys
from adapters.audit_scribe import Identity, Scribe
from adapters.audit_verify import Verifier
from tests.support.audits import KEYS
from tests.support.builders import AS_OF
from tests.support.entries import an_entry

FILES = 2
LOOKUPS = 12
"""In each file, with a checkpoint in the middle."""


def a_chain(folder, *, keys=KEYS):
    """Two files, whose last line is no checkpoint, and what a database knows."""
    scribe = Scribe(Identity(0, keys, ""), None)
    known = {}
    for number in range(FILES):
        first = scribe.place.lines + 1
        lines = [scribe.new_file(AS_OF)]
        for lookup in range(LOOKUPS):
            lines.append(scribe.lookup(an_entry(request_id=f"{number}-{lookup}")))
            if lookup == LOOKUPS // 2:
                lines.append(scribe.checkpoint(AS_OF))
        (folder / f"{first:015d}.jsonl").write_bytes(b"".join(lines))
    known[scribe.place.lines] = scribe.place.head
    return {scribe.chain: known}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "worker-0"
    path.mkdir()
    return path


@pytest.fixture
def known(folder):
    return a_chain(folder)


def verified(folder, known=None, *, signers=(KEYS.signer,)):
    return Verifier(signers, known or {}).verify(Folder(folder))


def files(folder):
    return [file.path for file in Folder(folder).files()]


def test_chain_nobody_touched_is_in_order(folder, known):
    report = verified(folder, known)

    assert report.fault is None
    assert (report.first, report.count) == (1, FILES * (LOOKUPS + 2))
    assert report.lookups == FILES * LOOKUPS
    assert report.signed == report.count - LOOKUPS // 2


def edit(draw, folder):
    """Change one byte."""
    path = draw.choice(files(folder))
    content = bytearray(path.read_bytes())
    place = draw.randrange(len(content))
    content[place] = draw.choice([b for b in range(256) if b != content[place]])
    path.write_bytes(content)


def delete(draw, folder):
    """Take out some lines; or a whole file."""
    path = draw.choice(files(folder))
    lines = path.read_bytes().splitlines(keepends=True)
    start = draw.randrange(len(lines))
    del lines[start : draw.randint(start + 1, len(lines))]
    path.write_bytes(b"".join(lines))
    if not lines:
        path.unlink()


def swap(draw, folder):
    """Change two lines for each other, of one file or of two."""
    places = [
        (path, index)
        for path in files(folder)
        for index in range(len(path.read_bytes().splitlines()))
    ]
    (path, index), (other_path, other) = draw.sample(places, 2)
    contents = {each: each.read_bytes().splitlines() for each in (path, other_path)}
    lines, others = contents[path], contents[other_path]
    lines[index], others[other] = others[other], lines[index]
    for each, content in contents.items():
        each.write_bytes(b"".join(line + b"\n" for line in content))


def truncate(draw, folder):
    """Cut the end off, anywhere."""
    content = b"".join(path.read_bytes() for path in files(folder))
    left = draw.randrange(len(content))
    for path in files(folder):
        kept = path.read_bytes()[: max(0, left)]
        left -= len(path.read_bytes())
        path.write_bytes(kept) if kept else path.unlink()


HARMS = [edit, delete, swap, truncate]


@pytest.mark.parametrize("harm", HARMS)
def test_every_one_of_250_random_harms_is_found(harm, folder, known):
    whole = {path: path.read_bytes() for path in files(folder)}
    draw = random.Random(harm.__name__)

    unseen = 0
    for _ in range(250):
        harm(draw, folder)
        found = [verified(folder, known).fault] if files(folder) else [True]
        unseen += found == [None]
        for path, content in whole.items():
            path.write_bytes(content)

    assert unseen == 0


def bound_anew(folder):
    """Make every hash anew, as anybody can who has no key."""
    head = bytes(32)
    for path in files(folder):
        lines = []
        for line in path.read_bytes().splitlines():
            event = event_in(line)
            head = linked(head, event)
            lines.append(line_of(event, head))
        path.write_bytes(b"".join(lines))


@pytest.mark.parametrize(("signed", "found"), [(True, True), (False, False)])
def test_edit_with_hashes_made_anew_is_found_by_the_signatures_alone(
    folder, monkeypatch, *, signed, found
):
    a_chain(folder)
    if not signed:
        monkeypatch.setattr(Verifier, "_check_signature", lambda *_, **__: None)
    path = files(folder)[0]
    path.write_bytes(path.read_bytes().replace(b'"his-1"', b'"his-2"', 1))
    bound_anew(folder)

    assert (verified(folder).fault is not None) is found


@pytest.mark.parametrize(("is_bound", "found"), [(True, 200), (False, 0)])
def test_edits_of_a_word_are_found_by_the_hashes_alone(
    folder, monkeypatch, *, is_bound, found
):
    known = a_chain(folder)
    whole = {path: path.read_bytes() for path in files(folder)}
    if not is_bound:
        # As if lines had none: each is taken for what it says.
        monkeypatch.setattr("adapters.audit_verify.bound_hash", lambda *_: bytes(32))
        monkeypatch.setattr(Verifier, "_check_signature", lambda *_, **__: None)
        known = {}
    draw = random.Random("words")

    faults = 0
    for _ in range(200):
        path, content = draw.choice(list(whole.items()))
        place = draw.choice(list(re.finditer(b"reception", content))).start()
        path.write_bytes(content[:place] + b"emergency" + content[place + 9 :])
        faults += verified(folder, known).fault is not None
        path.write_bytes(content)

    assert faults == found


@pytest.mark.parametrize("is_known", [True, False])
def test_end_cut_off_is_found_by_what_the_database_knows(folder, *, is_known):
    known = a_chain(folder)
    path = files(folder)[-1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3]))

    fault = verified(folder, known if is_known else None).fault

    assert (fault is not None) is is_known
    if is_known:
        assert fault.what == "lines 26 to 28 were cut off"
        assert fault.line == len(lines) - 2


def test_chain_signed_with_another_key_is_found(folder):
    a_chain(folder, keys=AuditKeys(b"x" * 32))

    assert verified(folder).fault.what == "is signed by nobody who may"
    assert verified(folder, signers=[AuditKeys(b"x" * 32).signer]).fault is None


def test_chain_of_its_own_put_in_the_place_of_another_is_found(folder, known):
    for path in files(folder):
        path.unlink()
    mine = a_chain(folder)

    (head,) = known.values()

    assert verified(folder, mine).fault is None
    assert verified(folder, dict.fromkeys(mine, head)).fault is not None


@pytest.mark.parametrize(
    ("change", "line", "what"),
    [
        (lambda lines: lines.pop(3), 4, "lines 4 to 4 were deleted before it"),
        (lambda lines: lines.insert(3, lines.pop(5)), 4, "was swapped: line 4 stands"),
        (lambda lines: lines.insert(3, lines[2]), 4, "is line 3 again"),
        (lambda lines: lines.insert(3, b"x"), 4, "is damaged"),
        (lambda lines: lines.pop(0), 1, "is not the first line of a file"),
    ],
)
def test_it_is_told_what_happened_where(folder, known, *, change, line, what):
    path = files(folder)[0]
    lines = path.read_bytes().splitlines()
    change(lines)
    path.write_bytes(b"".join(each + b"\n" for each in lines))

    fault = verified(folder, known).fault

    assert (fault.file, fault.line) == (path, line)
    assert fault.what.startswith(what)
    assert str(fault).startswith(f"{path}:{line}: ")


def test_edited_line_is_named(folder, known):
    path = files(folder)[1]
    path.write_bytes(path.read_bytes().replace(b"1-7", b"1-8"))

    fault = verified(folder, known).fault

    assert (fault.line, fault.what) == (10, "was edited")


@pytest.mark.parametrize(
    ("gone", "what"),
    [(0, "lines 1 to 14 are missing"), (1, "lines 15 to 28 were cut off")],
)
def test_file_that_is_gone_is_found(folder, known, *, gone, what):
    files(folder)[gone].unlink()

    assert verified(folder, known).fault.what == what


def test_half_a_line_at_the_end_is_found(folder, known):
    path = files(folder)[-1]
    path.write_bytes(path.read_bytes() + b'{"event":')

    assert verified(folder, known).fault.what == "was cut short"
