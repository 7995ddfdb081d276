"""Where people were born, live and are treated: provinces, communes, facilities.

The facilities are invented, codes and all; what such houses are called, the communes
they are in and the shape of their codes are real.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from adapters.synthetic.draws import urn


class Province(NamedTuple):
    """A province as it was until June 2025; numbers given before keep its code."""

    code: str
    """3 digits, the first of a citizen ID; without the zero also of a card."""

    legacy_prefix: str
    """2 digits with which its old 9-digit identity cards began."""

    weight: float
    """How many of the people were registered there at birth, in per mille."""

    name: str


class Facility(NamedTuple):
    """A place of care (cơ sở khám chữa bệnh)."""

    code: str
    """maCSKCB: 2 digits of the province and 3 characters."""

    name: str
    province: str
    """2 digits."""

    weight: float


_PROVINCES = """
001 01 18 Hà Nội|002 07 1 Hà Giang|004 08 5 Cao Bằng|006 09 1 Bắc Kạn
008 07 2 Tuyên Quang|010 06 1 Lào Cai|011 04 1 Điện Biên|012 04 1 Lai Châu
014 05 2 Sơn La|015 06 2 Yên Bái|017 11 2 Hòa Bình|019 09 4 Thái Nguyên
020 08 4 Lạng Sơn|022 10 2 Quảng Ninh|024 12 5 Bắc Giang|025 13 4 Phú Thọ
026 13 4 Vĩnh Phúc|027 12 4 Bắc Ninh|030 14 8 Hải Dương|031 03 5 Hải Phòng
033 14 6 Hưng Yên|034 15 12 Thái Bình|035 16 8 Hà Nam|036 16 14 Nam Định
037 16 7 Ninh Bình|038 17 16 Thanh Hóa|040 18 16 Nghệ An|042 18 10 Hà Tĩnh
044 19 6 Quảng Bình|045 19 6 Quảng Trị|046 19 9 Thừa Thiên Huế|048 20 4 Đà Nẵng
049 20 12 Quảng Nam|051 21 10 Quảng Ngãi|052 21 11 Bình Định|054 22 5 Phú Yên
056 22 6 Khánh Hòa|058 26 8 Ninh Thuận|060 26 250 Bình Thuận|062 23 1 Kon Tum
064 23 2 Gia Lai|066 24 8 Đắk Lắk|067 24 130 Đắk Nông|068 25 320 Lâm Đồng
070 28 2 Bình Phước|072 29 2 Tây Ninh|074 28 2 Bình Dương|075 27 7 Đồng Nai
077 27 2 Bà Rịa - Vũng Tàu|079 02 15 Hồ Chí Minh|080 30 2 Long An|082 31 2 Tiền Giang
083 32 2 Bến Tre|084 33 1 Trà Vinh|086 33 1 Vĩnh Long|087 34 1 Đồng Tháp
089 35 2 An Giang|091 37 1 Kiên Giang|092 36 1 Cần Thơ|093 36 1 Hậu Giang
094 36 1 Sóc Trăng|095 38 1 Bạc Liêu|096 38 1 Cà Mau
"""

_LOCAL_COMMUNES = {
    "060": """Phan Thiết;Phú Thủy;Mũi Né;Tiến Thành;Hàm Thắng;Bình Thuận;La Gi;
        Phước Hội;Tuy Phong;Liên Hương;Phan Rí Cửa;Bắc Bình;Sông Lũy;Hàm Thuận;
        Hàm Thuận Nam;Tánh Linh;Đức Linh;Hoài Đức;Tân Minh;Hàm Tân""",
    "067": """Bắc Gia Nghĩa;Nam Gia Nghĩa;Đông Gia Nghĩa;Đắk Mil;Đức Lập;Thuận An;
        Cư Jút;Nam Dong;Krông Nô;Nâm Nung;Quảng Phú;Đắk Song;Kiến Đức;Nhân Cơ;
        Quảng Tín;Tuy Đức;Quảng Tân;Quảng Sơn;Quảng Khê;Tà Đùng""",
    "068": """Xuân Hương - Đà Lạt;Cam Ly - Đà Lạt;Lâm Viên - Đà Lạt;Lang Biang - Đà Lạt;
        Xuân Trường - Đà Lạt;1 Bảo Lộc;2 Bảo Lộc;3 Bảo Lộc;B'Lao;Lạc Dương;Đơn Dương;
        Ka Đô;Đức Trọng;Hiệp Thạnh;Tân Hội;Ninh Gia;Đinh Văn Lâm Hà;Nam Ban Lâm Hà;
        Đam Rông 1;Di Linh;Bảo Thuận;Hòa Ninh;Bảo Lâm 1;Đạ Huoai;Đạ Tẻh;Cát Tiên""",
}

LOCAL_CODES = tuple(_LOCAL_COMMUNES)
"""Provinces that have been Lâm Đồng together since July 2025."""


def _provinces() -> Iterator[Province]:
    for entry in _PROVINCES.replace("\n", "|").strip("|").split("|"):
        code, legacy_prefix, weight, name = entry.split(" ", 3)
        yield Province(code, legacy_prefix, float(weight), name)


PROVINCES: tuple[Province, ...] = tuple(_provinces())
"""All 63, as in numbers given until June 2025.

Source: Circular 59/2021/TT-BCA, annex; prefixes of old cards: Ministry of Public
Security, allocation of identity-card numbers to provincial police.
"""

BIRTHPLACES = urn({province: province.weight for province in PROVINCES})

COMMUNES: Mapping[str, tuple[str, ...]] = {
    code: tuple(" ".join(name.split()) for name in names.split(";"))
    for code, names in _LOCAL_COMMUNES.items()
}
"""Communes of today's Lâm Đồng by the province they belonged to."""

_CITIES = {"060": "Phan Thiết", "067": "Gia Nghĩa", "068": "Đà Lạt"}


def _local_facilities(code: str) -> Iterator[Facility]:
    city, digits = _CITIES[code], code[1:]
    houses = [
        (f"Bệnh viện Đa khoa Ngàn Thông {city}", 18.0),
        (f"Bệnh viện Đa khoa Hòa An {city}", 6.0),
        (f"Bệnh viện Y học cổ truyền Bách Thảo {city}", 3.0),
        (f"Bệnh viện Nhi Mai Anh Đào {city}", 4.0),
        (f"Bệnh viện Quân dân y Trường Xuân {city}", 1.0),
        (f"Phòng khám Đa khoa An Phúc {city}", 5.0),
    ]
    for commune in COMMUNES[code]:
        houses.append((f"Trung tâm Y tế khu vực {commune}", 4.0))
        houses.append((f"Trạm Y tế {commune}", 2.0))
    for serial, (name, weight) in enumerate(houses, start=1):
        yield Facility(f"{digits}{serial:03d}", name, digits, weight)


def _far_facilities(province: Province) -> Iterator[Facility]:
    digits = province.code[1:]
    yield Facility(
        f"{digits}001", f"Bệnh viện Đa khoa Hồng Phúc {province.name}", digits, 1.0
    )
    yield Facility(
        f"{digits}C01", f"Bệnh viện Đa khoa Tâm Đức {province.name}", digits, 0.4
    )


LOCAL_FACILITIES: Mapping[str, tuple[Facility, ...]] = {
    code: tuple(_local_facilities(code)) for code in LOCAL_CODES
}
FAR_FACILITIES: Mapping[str, tuple[Facility, ...]] = {
    province.code: tuple(_far_facilities(province))
    for province in PROVINCES
    if province.code not in LOCAL_CODES
}
FACILITIES: tuple[Facility, ...] = tuple(
    facility
    for table in (LOCAL_FACILITIES, FAR_FACILITIES)
    for house in table.values()
    for facility in house
)
"""Every facility of the population, each code once."""

FACILITY_URNS: Mapping[str, tuple[Facility, ...]] = {
    code: urn({facility: facility.weight for facility in house}, size=1024)
    for code, house in {**LOCAL_FACILITIES, **FAR_FACILITIES}.items()
}
"""Where people of a province are registered, by its 3-digit code."""

COMMUNE_ADDRESSES: Mapping[str, tuple[str, ...]] = {
    **{
        code: tuple(f"{commune}, Lâm Đồng" for commune in communes)
        for code, communes in COMMUNES.items()
    },
    **{
        province.code: (province.name,)
        for province in PROVINCES
        if province.code not in LOCAL_CODES
    },
}
"""Last parts of an address, by the 3-digit code of the province of residence."""
