"""Illnesses, drugs, allergies and vaccines with their real codes, and how common.

Sources: ICD-10 (Vietnamese edition, Ministry of Health, Decision 4469/QĐ-BYT of
2020); WHO ATC index; the expanded immunisation programme of Vietnam. Weights are our
judgement.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Drug(NamedTuple):
    """A drug by its ATC code, with a usual dose."""

    code: str
    text: str
    dose: str


class Condition(NamedTuple):
    """A long-lasting illness: for whom, how common, and what is taken against it."""

    code: str
    text: str
    weight: float
    from_age: int
    sex: str
    """The only sex that has it; ``-`` for both."""

    drugs: tuple[Drug, ...]


class Complaint(NamedTuple):
    """Why somebody comes once: a diagnosis that passes."""

    code: str
    text: str
    weight: float
    below_age: int


class Allergy(NamedTuple):
    """What somebody must not get, and what happened when they did."""

    code: str | None
    """ATC code of a drug; None for anything else."""

    text: str
    reaction: str
    is_severe: bool
    weight: float


def _lines(table: str) -> Iterator[list[str]]:
    for line in table.strip().splitlines():
        yield line.strip().split("|")


_DRUGS = """
C08CA01|Amlodipin 5 mg|1 viên/ngày, sáng
C09CA01|Losartan 50 mg|1 viên/ngày, sáng
A10BA02|Metformin 500 mg|1 viên x 2 lần/ngày
C10AA05|Atorvastatin 20 mg|1 viên/ngày, tối
B01AC06|Aspirin 81 mg|1 viên/ngày sau ăn
C03CA01|Furosemid 40 mg|1 viên/ngày
B01AA03|Warfarin 2 mg|1 viên/ngày, theo INR
R03BB04|Tiotropium 18 mcg dạng hít|1 lần/ngày
R03AC02|Salbutamol 100 mcg dạng hít|2 nhát khi khó thở
A02BC01|Omeprazol 20 mg|1 viên/ngày trước ăn
A02BC02|Pantoprazol 40 mg|1 viên/ngày trước ăn
J05AF07|Tenofovir 300 mg|1 viên/ngày
C03DA01|Spironolacton 25 mg|1 viên/ngày
M01AC06|Meloxicam 7,5 mg|1 viên/ngày khi đau
M04AA01|Allopurinol 300 mg|1 viên/ngày
A12AX|Calci và vitamin D3|1 viên/ngày
H03BB02|Thiamazol 5 mg|1 viên x 2 lần/ngày
H03AA01|Levothyroxin 50 mcg|1 viên/ngày, sáng đói
N03AG01|Valproat 200 mg|1 viên x 2 lần/ngày
N06AB06|Sertralin 50 mg|1 viên/ngày
N05AH03|Olanzapin 10 mg|1 viên/ngày, tối
B03BB01|Acid folic 5 mg|1 viên/ngày
S01ED01|Timolol 0,5 % nhỏ mắt|1 giọt x 2 lần/ngày
G04CA01|Alfuzosin 10 mg|1 viên/ngày, tối
L02BA01|Tamoxifen 20 mg|1 viên/ngày
R06AE07|Cetirizin 10 mg|1 viên/ngày
"""

_CONDITIONS = """
I10|Tăng huyết áp vô căn|26|40|-|C08CA01 C09CA01
E11|Đái tháo đường típ 2|13|38|-|A10BA02 C10AA05
E78.5|Tăng lipid máu không đặc hiệu|10|35|-|C10AA05
I25.1|Bệnh tim do xơ vữa động mạch|5|50|-|B01AC06 C10AA05
I50|Suy tim|2|55|-|C03CA01
I48|Rung nhĩ và cuồng nhĩ|1|55|-|B01AA03
I69.3|Di chứng nhồi máu não|2|50|-|B01AC06
J44|Bệnh phổi tắc nghẽn mạn tính|4|45|-|R03BB04 R03AC02
J45|Hen phế quản|6|4|-|R03AC02
K21|Bệnh trào ngược dạ dày - thực quản|12|18|-|A02BC01
K29|Viêm dạ dày và tá tràng|10|16|-|A02BC02
B18.1|Viêm gan vi rút B mạn|6|18|-|J05AF07
K74|Xơ gan và gan hóa sợi|1|40|-|C03DA01
N18|Bệnh thận mạn|3|40|-|
M17|Thoái hóa khớp gối|8|45|-|M01AC06
M10|Gút|4|35|male|M04AA01
M81|Loãng xương không kèm gãy xương bệnh lý|4|55|female|A12AX
M54.5|Đau vùng thắt lưng|7|25|-|
E04|Bướu giáp không độc khác|4|25|female|
E05|Nhiễm độc giáp|1|20|-|H03BB02
E03.9|Suy giáp không đặc hiệu|1|25|-|H03AA01
G40|Động kinh|1|3|-|N03AG01
F32|Giai đoạn trầm cảm|2|18|-|N06AB06
F20|Tâm thần phân liệt|0.5|18|-|N05AH03
D56|Bệnh thalassaemia|0.6|1|-|B03BB01
H40|Glôcôm|1|50|-|S01ED01
N40|Quá sản tuyến tiền liệt|5|55|male|G04CA01
C50|U ác của vú|0.8|35|female|L02BA01
J30.4|Viêm mũi dị ứng, không đặc hiệu|7|5|-|R06AE07
L20|Viêm da cơ địa|3|1|-|
"""

_COMPLAINTS = """
J06.9|Nhiễm trùng đường hô hấp trên cấp|20|200
J20|Viêm phế quản cấp|12|200
J18.9|Viêm phổi, tác nhân không đặc hiệu|6|200
J02|Viêm họng cấp|12|200
A09|Viêm dạ dày - ruột và đại tràng do nhiễm trùng|7|200
A90|Sốt Dengue|5|200
B08.4|Bệnh tay chân miệng|9|7
H66.9|Viêm tai giữa, không đặc hiệu|6|12
K02|Sâu răng|8|200
N39.0|Nhiễm trùng hệ tiết niệu, vị trí không xác định|5|200
R10.4|Đau bụng không xác định và đau bụng khác|5|200
H10|Viêm kết mạc|4|200
L50|Mày đay|3|200
S61|Vết thương hở ở cổ tay và bàn tay|4|200
S52|Gãy xương cẳng tay|2|200
S06.0|Chấn động não|1.5|200
K35|Viêm ruột thừa cấp|1.5|200
R51|Đau đầu|4|200
"""

_ALLERGIES = """
J01CA04|Amoxicilin|Mày đay toàn thân|mild|18
J01CE01|Benzylpenicilin|Phản vệ độ II|severe|8
J01DD04|Ceftriaxon|Phản vệ độ III|severe|3
J01EE01|Sulfamethoxazol và trimethoprim|Hội chứng Stevens-Johnson|severe|3
M01AE01|Ibuprofen|Phù mi mắt|mild|10
N02BE01|Paracetamol|Phát ban|mild|4
N03AF01|Carbamazepin|Hoại tử thượng bì nhiễm độc|severe|1
-|Hải sản (tôm, cua)|Mày đay, ngứa|mild|24
-|Lạc (đậu phộng)|Khó thở, phù môi|severe|3
-|Phấn hoa|Hắt hơi, chảy mũi|mild|10
-|Nọc ong|Sưng lan rộng|mild|5
-|Thuốc cản quang chứa iod|Buồn nôn, mày đay|mild|3
"""

_DRUGS_BY_CODE = {drug.code: drug for drug in (Drug(*line) for line in _lines(_DRUGS))}

CONDITIONS: tuple[Condition, ...] = tuple(
    Condition(
        code,
        text,
        float(weight),
        int(from_age),
        sex,
        tuple(_DRUGS_BY_CODE[code] for code in drugs.split()),
    )
    for code, text, weight, from_age, sex, drugs in _lines(_CONDITIONS)
)

COMPLAINTS: tuple[Complaint, ...] = tuple(
    Complaint(code, text, float(weight), int(below_age))
    for code, text, weight, below_age in _lines(_COMPLAINTS)
)

ALLERGIES: tuple[Allergy, ...] = tuple(
    Allergy(
        None if code == "-" else code,
        text,
        reaction,
        severity == "severe",
        float(weight),
    )
    for code, text, reaction, severity, weight in _lines(_ALLERGIES)
)

INPATIENT_CODES = frozenset(
    {"A90", "I50", "I69.3", "J18.9", "J44", "K35", "S06.0", "S52"}
)
"""Diagnoses with which people mostly stay."""

EMERGENCY_CODES = frozenset({"L50", "S61"})
"""Diagnoses with which people mostly come without an appointment."""

CHILD_VACCINES: tuple[tuple[str, str, int], ...] = (
    ("BCG", "Lao (BCG)", 0),
    ("VGB-0", "Viêm gan B sơ sinh", 0),
    ("DPT-VGB-Hib", "Bạch hầu, ho gà, uốn ván, viêm gan B, Hib", 0),
    ("OPV", "Bại liệt uống", 0),
    ("MR", "Sởi - Rubella", 1),
    ("JE", "Viêm não Nhật Bản", 2),
)
"""Code, name and years after birth of what children get, in order."""

ADULT_VACCINES: tuple[tuple[str, str], ...] = (
    ("COVID-19", "COVID-19, mũi nhắc lại"),
    ("TT", "Uốn ván"),
    ("FLU", "Cúm mùa"),
)

BLOOD_GROUPS: Mapping[str, float] = {
    "O+": 42.1,
    "B+": 30.1,
    "A+": 21.2,
    "AB+": 6.5,
    "O-": 0.04,
    "B-": 0.03,
    "A-": 0.02,
    "AB-": 0.01,
}
"""In per cent. Source: National Institute of Hematology and Blood Transfusion."""
