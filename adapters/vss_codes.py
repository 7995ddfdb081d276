"""The gateway's result codes: what each brings, or whose fault it tells of.

A code in none of these tables is no answer. 080 and 090 of older functions are left
out on purpose: they are not in the annex any more.

Source: Phụ lục 03, công văn 1923/BHXH-CNTT of 20 June 2024, sections 1 (token) and 4.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from lookup.record import CardStatus, Manager, Withheld

Whose = Literal["ours", "theirs"]
"""Who can put a fault right: our configuration, or the gateway."""


class GatewayFaultError(Exception):
    """The gateway gave no usable answer."""

    def __init__(self, whose: Whose, code: str) -> None:
        super().__init__(f"the gateway gave no usable answer: {code}")
        self.whose = whose
        self.code = code
        """A result code, or a word of ours."""


@dataclass(frozen=True, slots=True)
class CardMeaning:
    """What a code says about the card in the answer's first fields."""

    stands: Literal["in_force", "over", "ended"]
    """ended: by ``status``, whatever the dates."""

    status: CardStatus = "active"
    manager: Manager = "social_security"
    has_new_card: bool = False
    """The fields of a new card (``...Moi``) count."""


CARDS: dict[str, CardMeaning] = {
    "000": CardMeaning("in_force", has_new_card=True),
    "001": CardMeaning("in_force", manager="defence"),
    "002": CardMeaning("in_force", manager="public_security"),
    "003": CardMeaning("over", has_new_card=True),
    "004": CardMeaning("in_force", has_new_card=True),
    "010": CardMeaning("over"),
    "110": CardMeaning("ended", "revoked"),
    "120": CardMeaning("ended", "decreased"),
    "121": CardMeaning("ended", "moved_out_of_province"),
    "122": CardMeaning("ended", "moved_within_province"),
    "123": CardMeaning("ended", "readded_at_same_unit"),
    "124": CardMeaning("ended", "stopped"),
}
"""Codes that come with a card, from which a record is made."""

WITHHELD: dict[str, Withheld] = {code: code for code in get_args(Withheld)}
"""Codes that say all without a card.

001 and 002 are in both tables: the ministries' cards are often not shown. 050 is here
and is never kept: there are gateways that say it of a wrong claim, too.
"""

TOKEN_REFUSED = frozenset({"401", "501", "999"})
"""Codes after which a new token is taken, once. The last two are in no annex."""

FAULTS: dict[str, Whose] = {
    "054": "ours",
    "055": "ours",
    "205": "ours",
    "100": "theirs",
    "101": "theirs",
    "500": "theirs",
}
"""Codes that say nothing about the person."""
