"""Vietnamese names as they are given: weights per people, family and sex.

Source: Lê Trung Hoa, *Họ và tên người Việt Nam*, for the share of the Kinh family
names; the 2019 census for the peoples of Lâm Đồng, Đắk Nông and Bình Thuận. Weights
of given and middle names are our judgement.
"""

from collections.abc import Mapping


def _weights(text: str) -> dict[str, float]:
    """Read ``name weight, name weight, …``; a name may be of several words."""
    entries = (entry.rsplit(maxsplit=1) for entry in text.split(","))
    return {" ".join(name.split()): float(weight) for name, weight in entries}


PEOPLES: Mapping[str, float] = _weights("""
    kinh 83, kho 6.5, ma 1.8, nung 1.6, tay 1.5, mnong 1.4, cham 1.2, raglai 0.7,
    churu 0.7, hoa 0.7, thai 0.4, ede 0.3, hmong 0.2
""")
"""Peoples of the province as it is since July 2025, in per cent."""

KINH_FAMILIES: Mapping[str, float] = _weights("""
    Nguyễn 38.4, Trần 11, Lê 9.5, Phạm 7.1, Phan 4.5, Hoàng 2.9, Võ 2.3, Huỳnh 2.2,
    Đặng 2.1, Bùi 2, Vũ 1.6, Trương 1.5, Đỗ 1.4, Hồ 1.3, Ngô 1.3, Dương 1, Đinh 1,
    Đào 0.8, Mai 0.8, Trịnh 0.8, Cao 0.7, Lâm 0.7, Đoàn 0.7, Hà 0.6, Lương 0.6, Lý
    0.5, Tạ 0.4, Thái 0.4, Phùng 0.4, Châu 0.3, Tô 0.3, Vương 0.3, Tăng 0.2, Quách
    0.2, Kiều 0.2, Triệu 0.2, Lưu 0.2, Chu 0.2, La 0.1, Nghiêm 0.1, Tôn 0.1, Văn 0.1
""")

MALE_MIDDLES: Mapping[str, float] = _weights("""
    Văn 34, Hữu 5, Đức 6, Minh 7, Quốc 6, Ngọc 5, Thanh 5, Xuân 4, Công 4, Đình 5,
    Quang 5, Anh 3, Hoàng 4, Gia 3, Tấn 2, Trọng 3, Duy 3, Bá 2, Thành 3, Viết 1
""")

FEMALE_MIDDLES: Mapping[str, float] = _weights("""
    Thị 46, Ngọc 8, Thị Thu 3, Thị Thanh 3, Thị Kim 3, Thị Mỹ 2, Thị Ngọc 3, Thị
    Bích 2, Thanh 4, Kim 4, Thu 3, Mỹ 2, Phương 3, Bảo 2, Hoàng 2, Quỳnh 2, Khánh 2,
    Minh 2, Diệu 1, Gia 2
""")

MALE_GIVEN: Mapping[str, float] = _weights("""
    Hùng 5, Dũng 5, Tuấn 5, Minh 5, Nam 4, Hải 4, Long 4, Thành 4, Đức 4, Anh 4, Sơn
    4, Cường 4, Hiếu 4, Hoàng 4, Huy 4, Khoa 3, Khánh 3, Phúc 4, Tâm 3, Tài 3, Thắng
    3, Thịnh 3, Toàn 3, Trung 3, Tùng 3, Việt 2, Vinh 3, Bình 3, Chiến 2, Đạt 3,
    Điệp 1, Hòa 3, Khoát 1, Lộc 2, Lâm 2, Nghĩa 2, Nhân 2, Phong 3, Quân 3, Quý 2,
    Sỹ 1, Thái 2, Thọ 1, Tiến 3, Trí 2, Vũ 2, Kỳ 1, Đông 1
""")

FEMALE_GIVEN: Mapping[str, float] = _weights("""
    Lan 4, Hoa 5, Hương 5, Hồng 4, Hạnh 4, Hằng 4, Hà 4, Hiền 4, Huệ 2, Linh 5, Loan
    3, Mai 4, My 2, Mỹ 1, Nga 3, Ngân 3, Ngọc 4, Nhung 3, Oanh 2, Phương 5, Phượng
    3, Quyên 3, Quỳnh 3, Tâm 3, Thảo 5, Thu 3, Thủy 4, Thúy 3, Tiên 2, Trang 5, Trâm
    3, Trinh 3, Tuyết 3, Uyên 2, Vân 4, Vy 3, Xuân 2, Yến 3, Anh 4, Bích 1, Châu 2,
    Chi 2, Cúc 2, Dung 3, Diễm 1, Đào 2, Hòa 2, Lý 1
""")

FAMILIES: Mapping[str, Mapping[str, float]] = {
    "nung": _weights("""
        Nông 25, Hoàng 20, Lương 10, Lý 8, Chu 6, Lục 5, Vi 5, Triệu 4, Mã 3, Nguyễn
        5
    """),
    "tay": _weights("""
        Hoàng 22, Nông 20, Hà 10, Nguyễn 9, Lương 8, Bế 5, Ma 5, La 4, Dương 4, Đàm
        3
    """),
    "cham": _weights("""
        Thông 12, Qua 8, Bá 8, Kinh 6, Dụng 6, Đạo 5, Lưu 5, Lâm 5, Nguyễn 4, Thị 2
    """),
    "raglai": _weights("""
        Chamaléa 12, Katơr 10, Pi Năng 8, Mang 8, Ca Dá 5, Tà Yên 4, Mấu 4, Bo Bo 3
    """),
    "hoa": _weights("""
        Lâm 12, Trương 8, Vòng 8, Lý 8, Trần 8, Tăng 6, Hứa 5, Lưu 5, Sú 3, Châu 4
    """),
    "thai": _weights("""
        Lò 25, Quàng 12, Cà 10, Lường 10, Vi 8, Hà 6, Cầm 5, Điêu 4, Tòng 4
    """),
    "hmong": _weights("""
        Giàng 18, Sùng 15, Vàng 14, Thào 12, Lầu 8, Hầu 6, Mùa 6, Lý 5
    """),
}
"""Family names of the peoples who use the Kinh order of names."""

KHO_CLANS = ("Cil", "Kơ Să", "Bon Niêng", "Liêng Hót", "Rơ Ông", "Lơ Mu", "Cil Pam")
CHURU_CLANS = ("Touneh", "Jơ Lơng", "Banah", "Kơ Dơng", "Ya Yu", "Bơ Nah Ria")
EDE_FAMILIES = ("Niê", "Byă", "Mlô", "Êban", "Kbuôr", "Ayun", "Kpă", "Hđơk", "Knul")

HIGHLAND_MALE_GIVEN: Mapping[str, float] = _weights("""
    Brèo 1, Brôi 1, Bình 2, Đức 2, Duy 1, Hiếu 2, Lực 1, Minh 2, Ngọc 1, Phước 1,
    Sơn 2, Tài 2, Thành 2, Thuyên 1, Tuấn 2, Văn 2, Vinh 2, Wan 1, Yên 1
""")
HIGHLAND_FEMALE_GIVEN: Mapping[str, float] = _weights("""
    Brim 1, Bích 1, Diệu 1, Duyên 1, Hằng 2, Hiên 1, Hương 2, Liên 1, Ly 1, Mai 2,
    Nguyệt 1, Nhung 1, Phượng 1, Quyên 1, Thảo 1, Thoa 1, Trang 1, Tuyền 1, Yến 1
""")
