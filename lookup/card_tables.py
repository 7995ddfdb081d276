"""Tables of the numbers: provinces, subject codes, and what no card can bear.

Shapes are in ``lookup.citizen_id``; who holds a card is in ``lookup.record``.
"""

from typing import Literal

from lookup.citizen_id import CardNumber

PROVINCES: dict[str, str] = {
    "001": "Hà Nội",
    "002": "Hà Giang",
    "004": "Cao Bằng",
    "006": "Bắc Kạn",
    "008": "Tuyên Quang",
    "010": "Lào Cai",
    "011": "Điện Biên",
    "012": "Lai Châu",
    "014": "Sơn La",
    "015": "Yên Bái",
    "017": "Hòa Bình",
    "019": "Thái Nguyên",
    "020": "Lạng Sơn",
    "022": "Quảng Ninh",
    "024": "Bắc Giang",
    "025": "Phú Thọ",
    "026": "Vĩnh Phúc",
    "027": "Bắc Ninh",
    "030": "Hải Dương",
    "031": "Hải Phòng",
    "033": "Hưng Yên",
    "034": "Thái Bình",
    "035": "Hà Nam",
    "036": "Nam Định",
    "037": "Ninh Bình",
    "038": "Thanh Hóa",
    "040": "Nghệ An",
    "042": "Hà Tĩnh",
    "044": "Quảng Bình",
    "045": "Quảng Trị",
    "046": "Thừa Thiên Huế",
    "048": "Đà Nẵng",
    "049": "Quảng Nam",
    "051": "Quảng Ngãi",
    "052": "Bình Định",
    "054": "Phú Yên",
    "056": "Khánh Hòa",
    "058": "Ninh Thuận",
    "060": "Bình Thuận",
    "062": "Kon Tum",
    "064": "Gia Lai",
    "066": "Đắk Lắk",
    "067": "Đắk Nông",
    "068": "Lâm Đồng",
    "070": "Bình Phước",
    "072": "Tây Ninh",
    "074": "Bình Dương",
    "075": "Đồng Nai",
    "077": "Bà Rịa - Vũng Tàu",
    "079": "Thành phố Hồ Chí Minh",
    "080": "Long An",
    "082": "Tiền Giang",
    "083": "Bến Tre",
    "084": "Trà Vinh",
    "086": "Vĩnh Long",
    "087": "Đồng Tháp",
    "089": "An Giang",
    "091": "Kiên Giang",
    "092": "Cần Thơ",
    "093": "Hậu Giang",
    "094": "Sóc Trăng",
    "095": "Bạc Liêu",
    "096": "Cà Mau",
}
"""The 63 provinces by the first three digits of a citizen ID.

The mergers of July 2025 changed no number already given, and the merged provinces
kept one of these codes each. Codes of foreign countries exist too, for people born
abroad, and are not listed.

Source: Circular 07/2016/TT-BCA, annex 1.
"""

_MINISTRIES = frozenset({"97", "98"})
"""Province digits of cards issued by Defence and by Public Security."""

_CARD_PROVINCES = frozenset(code[1:] for code in PROVINCES) | _MINISTRIES
"""Two digits on a card are the citizen ID's three without the leading zero."""

_SUBJECTS_BY_DIGITS: dict[str, str] = {
    "1": "CC TE",
    "2": "CK CB KC HN DT DK XD BT TS AK",
    "24": "CT LH",
    "23": "CN",
    "3": "HT TC TG DS HK",
    "34": "PV",
    "4": "DN HX CH NN TK HC XK TB NO XB TN CS XN MS HD TQ TA TY HG LS HS SV GB GD "
    "ND TH TV TD TU BA",
    "5": "QN CA CY",
}

SUBJECT_BENEFITS: dict[str, str] = {
    subject: digits
    for digits, subjects in _SUBJECTS_BY_DIGITS.items()
    for subject in subjects.split()
}
"""Benefit digits that cards of each subject code (mã đối tượng) bear.

Two digits where a rule changed or lists disagree: CN and LH changed on 1 January
2026.

Source: Decision 1351/QĐ-BHXH of 2015, amended by 1697/2023 and 1018/2024.
"""

_BENEFIT_DIGITS = "12345"


def known_province(code: str) -> bool:
    """Whether the three digits are those of a province; warn, never refuse, by it."""
    return code in PROVINCES


def card_number_fault(card: CardNumber) -> Literal["051", "052", "053"] | None:
    """The insurer's code for what no card can bear, None when the number may exist.

    Unknown subject code, province digits or benefit digit, in this order.
    """
    subject, benefit, province = card.digits[:2], card.digits[2], card.digits[3:5]
    if subject not in SUBJECT_BENEFITS:
        return "051"
    if province not in _CARD_PROVINCES:
        return "052"
    return None if benefit in _BENEFIT_DIGITS else "053"
