"""What the desk should know beside the verdict; one row each, in both languages."""

from dataclasses import dataclass
from enum import StrEnum


class Notice(StrEnum):
    """A word of warning that goes with an answer."""

    EXPIRES_SOON = "expires_soon"
    STARTS_LATER = "starts_later"
    NEW_CARD_ISSUED = "new_card_issued"
    FIVE_YEARS_REACHED = "five_years_reached"
    NUMBER_SUPERSEDED = "number_superseded"
    HEALTH_UNAVAILABLE = "health_unavailable"


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in Vietnamese and in English."""

    vi: str
    en: str


NOTICES: dict[Notice, Text] = {
    Notice.EXPIRES_SOON: Text(
        "Thẻ sắp hết hạn trong vòng 30 ngày; nhắc người bệnh gia hạn.",
        "The card expires within 30 days; remind the patient to renew it.",
    ),
    Notice.STARTS_LATER: Text(
        "Thẻ chưa đến ngày có giá trị sử dụng.",
        "The card is not in force yet.",
    ),
    Notice.NEW_CARD_ISSUED: Text(
        "Đã có thẻ mới, có giá trị từ ngày ghi trên thẻ.",
        "A new card was issued; it counts from the day it says.",
    ),
    Notice.FIVE_YEARS_REACHED: Text(
        "Đã tham gia BHYT đủ 5 năm liên tục; kiểm tra số tiền cùng chi trả trong năm "
        "để miễn cùng chi trả.",
        "Five consecutive years reached; check this year's co-payments for exemption.",
    ),
    Notice.NUMBER_SUPERSEDED: Text(
        "Số định danh này đã được thay thế; dùng số mới trong hồ sơ.",
        "This citizen ID was replaced; use the new number in your records.",
    ),
    Notice.HEALTH_UNAVAILABLE: Text(
        "Chưa lấy được hồ sơ sức khỏe; tra cứu lại sau.",
        "The health record could not be read; ask again later.",
    ),
}


@dataclass(frozen=True, slots=True)
class Benefit:
    """Which share a benefit level pays (mức hưởng BHYT)."""

    level: int
    percent: int
    text: Text


BENEFITS: dict[int, Benefit] = {
    row.level: row
    for row in (
        Benefit(
            1,
            100,
            Text(
                "Quỹ BHYT trả 100 %, không giới hạn tỷ lệ.",
                "Pays 100 %, without ratio limits.",
            ),
        ),
        Benefit(
            2,
            100,
            Text(
                "Quỹ BHYT trả 100 %, có giới hạn tỷ lệ một số thuốc, vật tư.",
                "Pays 100 %, with limits on some drugs and supplies.",
            ),
        ),
        Benefit(3, 95, Text("Quỹ BHYT trả 95 %.", "Pays 95 %.")),
        Benefit(4, 80, Text("Quỹ BHYT trả 80 %.", "Pays 80 %.")),
        Benefit(
            5,
            100,
            Text(
                "Trả 100 %, cả ngoài phạm vi và vận chuyển.",
                "Pays 100 %, also outside the scope, and transport.",
            ),
        ),
    )
}
"""Rows by level. Source: Decision 1351/QĐ-BHXH of 2015; Decree 146/2018, art. 14."""
