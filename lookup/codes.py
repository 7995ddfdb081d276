"""The result table: the one place where the meaning of a result code stands.

The codes are the insurer's own (mã kết quả), because every hospital knows them.
Each row is ``Result(code, outcome, text_vi, text_en, next_vi, next_en, verdict)``.
The handbook page, the OpenAPI document, the reception page and the gateway dialect
are printed from these rows.

Source: Phụ lục 03, công văn 1923/BHXH-CNTT of 20 June 2024, section 4. Next steps
are ours.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Outcome(StrEnum):
    """What a lookup came to, as it is counted."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    MANAGED_ELSEWHERE = "managed_elsewhere"
    NOT_FOUND = "not_found"
    MISMATCH = "mismatch"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


Counted = Literal["success", "failure", "neither"]

COUNTS_AS: dict[Outcome, Counted] = {
    Outcome.ACTIVE: "success",
    Outcome.INACTIVE: "success",
    Outcome.MANAGED_ELSEWHERE: "success",
    Outcome.NOT_FOUND: "failure",
    Outcome.MISMATCH: "failure",
    Outcome.REFUSED: "neither",
    Outcome.UNAVAILABLE: "failure",
}
"""Success rate is success / (success + failure), by volume, and nothing else.

An expired card is an answered lookup, so ``inactive`` is a success.
"""

SUCCESS_OBJECTIVE = 0.86
"""Target of the success rate: the share reached in Lâm Đồng."""

ANSWERED_OBJECTIVE = 0.995
"""Target of 1 - unavailable / (success + failure)."""

Verdict = Literal["green", "blue", "amber", "red", "grey"]
"""Colour of a result at the desk: in force, by hand, look again, no, our fault."""


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the table."""

    code: str
    outcome: Outcome
    text_vi: str
    text_en: str
    next_vi: str
    next_en: str
    verdict: Verdict


_ROWS = (
    Result(
        "000",
        Outcome.ACTIVE,
        "Thông tin thẻ BHYT chính xác",
        "Insurance card found and in force",
        "Tiếp nhận người bệnh theo thẻ BHYT.",
        "Admit with this insurance card.",
        "green",
    ),
    Result(
        "001",
        Outcome.MANAGED_ELSEWHERE,
        "Thẻ do BHXH Bộ Quốc phòng quản lý, đề nghị kiểm tra thẻ BHYT và thông tin "
        "giấy tờ tùy thân",
        "Card managed by the Ministry of Defence",
        "Kiểm tra trực tiếp thẻ BHYT và giấy tờ tùy thân, rồi tiếp nhận.",
        "Check the card and an identity document by hand, then admit.",
        "blue",
    ),
    Result(
        "002",
        Outcome.MANAGED_ELSEWHERE,
        "Thẻ do BHXH Bộ Công an quản lý, đề nghị kiểm tra thẻ BHYT và thông tin "
        "giấy tờ tùy thân",
        "Card managed by the Ministry of Public Security",
        "Kiểm tra trực tiếp thẻ BHYT và giấy tờ tùy thân, rồi tiếp nhận.",
        "Check the card and an identity document by hand, then admit.",
        "blue",
    ),
    Result(
        "003",
        Outcome.INACTIVE,
        "Thẻ BHYT cũ hết giá trị sử dụng, được cấp thẻ mới",
        "The old card has expired; a new card was issued",
        "Dùng thẻ mới trong thời hạn ghi trên thẻ; ngoài thời hạn đó, thu viện phí "
        "theo quy định.",
        "Use the new card within its dates; outside them, admit as self-paying.",
        "amber",
    ),
    Result(
        "004",
        Outcome.ACTIVE,
        "Thẻ BHYT cũ còn giá trị sử dụng, được cấp thẻ mới",
        "The old card is still in force; a new card was issued",
        "Tiếp nhận theo thẻ đang còn giá trị; báo người bệnh đã có thẻ mới.",
        "Admit with the card in force and tell the patient of the new one.",
        "green",
    ),
    Result(
        "010",
        Outcome.INACTIVE,
        "Thẻ BHYT hết giá trị sử dụng",
        "The insurance card has expired",
        "Báo người bệnh thẻ đã hết hạn và hướng dẫn gia hạn tại cơ quan BHXH.",
        "Tell the patient the card has expired and where to renew it.",
        "red",
    ),
    Result(
        "050",
        Outcome.NOT_FOUND,
        "Không có thông tin thẻ BHYT",
        "No insurance card is known under this number",
        "Kiểm tra lại số, họ tên và ngày sinh; nếu đúng, hỏi thẻ giấy hoặc VssID và "
        "báo cơ quan BHXH liên kết số định danh.",
        "Check number, name and birth date; if right, ask for the paper or VssID card "
        "and have the insurer link the citizen ID.",
        "red",
    ),
    Result(
        "051",
        Outcome.MISMATCH,
        "Mã thẻ BHYT không đúng",
        "The card number is wrong",
        "Nhập lại mã thẻ, hoặc tra cứu bằng số định danh.",
        "Type the card number again, or look up by citizen ID.",
        "amber",
    ),
    Result(
        "052",
        Outcome.MISMATCH,
        "Mã tỉnh cấp thẻ (ký tự 4,5) không đúng",
        "The province digits (4 and 5) of the card number are wrong",
        "Nhập lại ký tự 4 và 5 của mã thẻ, hoặc tra cứu bằng số định danh.",
        "Type characters 4 and 5 again, or look up by citizen ID.",
        "amber",
    ),
    Result(
        "053",
        Outcome.MISMATCH,
        "Mã quyền lợi (ký tự 3) không đúng",
        "The benefit digit (3) of the card number is wrong",
        "Nhập lại ký tự 3 của mã thẻ, hoặc tra cứu bằng số định danh.",
        "Type character 3 again, or look up by citizen ID.",
        "amber",
    ),
    Result(
        "054",
        Outcome.REFUSED,
        "Số CCCD của cán bộ không tồn tại trong danh sách người sử dụng do cơ sở "
        "KCB đăng ký",
        "The officer's citizen ID is not on the facility's list",
        "Liên hệ quản trị để đăng ký cán bộ tra cứu.",
        "Ask the administrator to register the officer.",
        "grey",
    ),
    Result(
        "055",
        Outcome.REFUSED,
        "Họ và tên của cán bộ không khớp với số CCCD",
        "The officer's name does not fit the officer's citizen ID",
        "Liên hệ quản trị để sửa thông tin cán bộ.",
        "Ask the administrator to correct the officer's entry.",
        "grey",
    ),
    Result(
        "060",
        Outcome.MISMATCH,
        "Thẻ BHYT sai họ tên",
        "The name does not fit",
        "So lại họ tên với giấy tờ; nếu giấy tờ đúng, đề nghị cơ quan BHXH sửa.",
        "Compare with the identity document; if that is right, have the insurer "
        "correct the record.",
        "amber",
    ),
    Result(
        "061",
        Outcome.MISMATCH,
        "Thẻ BHYT sai họ tên (đúng ký tự đầu)",
        "The name does not fit, but nearly",
        "Kiểm tra dấu, chữ viết tắt và thứ tự họ tên, rồi tra cứu lại.",
        "Check accents, abbreviations and the order of names, then ask again.",
        "amber",
    ),
    Result(
        "070",
        Outcome.MISMATCH,
        "Thẻ BHYT sai ngày sinh",
        "The date of birth does not fit",
        "So lại ngày sinh với giấy tờ (chú ý đảo ngày và tháng), rồi tra cứu lại.",
        "Compare with the identity document (day and month swapped?), then ask again.",
        "amber",
    ),
    Result(
        "100",
        Outcome.UNAVAILABLE,
        "Lỗi khi lấy dữ liệu sổ thẻ",
        "The card register could not be read",
        "Vẫn tiếp nhận người bệnh, ghi lại số định danh và tra cứu lại sau.",
        "Admit anyway, note the number and look up again later.",
        "grey",
    ),
    Result(
        "101",
        Outcome.UNAVAILABLE,
        "Lỗi server",
        "The service has failed",
        "Vẫn tiếp nhận người bệnh, ghi lại số định danh và tra cứu lại sau.",
        "Admit anyway, note the number and look up again later.",
        "grey",
    ),
    Result(
        "110",
        Outcome.INACTIVE,
        "Thẻ BHYT đã thu hồi",
        "The insurance card was revoked",
        "Báo người bệnh thẻ đã bị thu hồi; hướng dẫn liên hệ cơ quan BHXH.",
        "Tell the patient the card was revoked and to ask the insurer.",
        "red",
    ),
    Result(
        "120",
        Outcome.INACTIVE,
        "Thẻ BHYT đã báo giảm",
        "The insurance was reported as ended",
        "Hướng dẫn người bệnh hỏi đơn vị đóng BHYT hoặc cơ quan BHXH.",
        "Send the patient to the paying unit or the insurer.",
        "red",
    ),
    Result(
        "121",
        Outcome.INACTIVE,
        "Thẻ BHYT đã báo giảm chuyển ngoại tỉnh",
        "The insurance moved to another province",
        "Hỏi thẻ mới do tỉnh khác cấp, hoặc hướng dẫn liên hệ cơ quan BHXH.",
        "Ask for the card issued by the other province, or refer to the insurer.",
        "red",
    ),
    Result(
        "122",
        Outcome.INACTIVE,
        "Thẻ BHYT đã báo giảm chuyển nội tỉnh",
        "The insurance moved within the province",
        "Hỏi thẻ mới của đơn vị mới, hoặc hướng dẫn liên hệ cơ quan BHXH.",
        "Ask for the card of the new unit, or refer to the insurer.",
        "red",
    ),
    Result(
        "123",
        Outcome.INACTIVE,
        "Thẻ BHYT đã báo giảm do tăng lại cùng đơn vị",
        "The insurance was ended to be added again at the same unit",
        "Tra cứu lại sau ít ngày, hoặc hỏi đơn vị đóng BHYT.",
        "Look up again in a few days, or ask the paying unit.",
        "red",
    ),
    Result(
        "124",
        Outcome.INACTIVE,
        "Thẻ BHYT đã báo giảm ngừng tham gia",
        "The person has stopped taking part",
        "Báo người bệnh đã ngừng tham gia; hướng dẫn tham gia lại tại cơ quan BHXH.",
        "Tell the patient that insurance has stopped and how to join again.",
        "red",
    ),
    Result(
        "130",
        Outcome.NOT_FOUND,
        "Trẻ em không xuất trình thẻ BHYT",
        "A child under six without a card",
        "Tiếp nhận trẻ bằng giấy khai sinh hoặc giấy chứng sinh; bổ sung thẻ sau.",
        "Admit the child by birth certificate; the card follows.",
        "amber",
    ),
    Result(
        "205",
        Outcome.REFUSED,
        "Lỗi sai định dạng tham số",
        "A field of the request is malformed",
        "Sửa trường được nêu rồi gửi lại.",
        "Correct the field that is named and send again.",
        "grey",
    ),
    Result(
        "401",
        Outcome.REFUSED,
        "Lỗi xác thực tài khoản",
        "The caller could not be authenticated",
        "Liên hệ quản trị để kiểm tra khóa API.",
        "Ask the administrator to check the API key.",
        "grey",
    ),
)

RESULTS: dict[str, Result] = {row.code: row for row in _ROWS}
"""Every row by its code."""
