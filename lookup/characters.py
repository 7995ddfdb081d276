"""Characters as keyboards, scanners and clipboards send them: made plain or refused.

What a text means is known by the parser of its field, not here.
"""

from lookup.errors import MalformedError

_FULL_WIDTH = range(0xFF01, 0xFF5F)
_FULL_WIDTH_TO_ASCII = 0xFEE0
_SPACES = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
_DASHES = (*range(0x2010, 0x2016), 0x2212)
_ZERO_WIDTH = (0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF)

_PLAIN: dict[int, int | None] = {
    **{wide: wide - _FULL_WIDTH_TO_ASCII for wide in _FULL_WIDTH},
    **dict.fromkeys(_SPACES, ord(" ")),
    **dict.fromkeys(_DASHES, ord("-")),
    **dict.fromkeys(_ZERO_WIDTH),
}
"""What stands for what; None is dropped. Pasted text is full of these, and nothing of
ASCII is among them."""


def plain(text: str, *, max_chars: int) -> str:
    """Give the text as a person reads it.

    Full-width characters, odd spaces and dashes become ASCII, zero-width characters
    go, runs of spaces become one. Digits of other scripts stay what they are: no
    scanner and no keyboard of ours sends them.

    Raises:
        MalformedError: Longer than ``max_chars`` (and then not read at all), or
            with control characters, bidirectional marks or broken Unicode in it.
    """
    if len(text) > max_chars:
        raise MalformedError(
            f"must be at most {max_chars} characters; {len(text)} were sent"
        )
    cleaned = text if text.isascii() else text.translate(_PLAIN)
    if not cleaned.isprintable():
        hidden = sum(not character.isprintable() for character in cleaned)
        raise MalformedError(f"has control or hidden characters in it: {hidden}")
    return " ".join(cleaned.split())
