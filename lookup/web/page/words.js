// What the page itself says, as [vi, en]. The words of a result come with the answer.

export const HEADLINES = {
  active: ["Thẻ còn giá trị", "Card in force"],
  inactive: ["Thẻ không còn giá trị", "No card in force"],
  managed_elsewhere: ["Thẻ quản lý riêng", "Managed elsewhere"],
  not_found: ["Không có thông tin", "Nothing found"],
  mismatch: ["Thông tin chưa khớp", "Details do not fit"],
  refused: ["Yêu cầu bị từ chối", "Request refused"],
  unavailable: ["Hệ thống không trả lời", "No answer"],
  unasked: ["Chưa tra cứu được", "Not looked up yet"],
};

export const SEX = {
  male: ["Nam", "Male"],
  female: ["Nữ", "Female"],
  unknown: ["Không rõ giới tính", "Sex unknown"],
};

export const MANAGER = {
  social_security: ["BHXH Việt Nam", "Social Security"],
  defence: ["BHXH Bộ Quốc phòng", "Ministry of Defence"],
  public_security: ["BHXH Bộ Công an", "Ministry of Public Security"],
};

export const CARD_STATUS = {
  active: ["Không bị báo giảm", "Not ended"],
  revoked: ["Đã thu hồi", "Revoked"],
  decreased: ["Đã báo giảm", "Reported as ended"],
  moved_out_of_province: ["Chuyển ngoại tỉnh", "Moved to another province"],
  moved_within_province: ["Chuyển nội tỉnh", "Moved within the province"],
  readded_at_same_unit: ["Tăng lại cùng đơn vị", "Added again at the same unit"],
  stopped: ["Ngừng tham gia", "Stopped taking part"],
};

export const SOURCE = {
  memory: ["bộ nhớ đệm", "memory"],
  redis: ["bộ nhớ đệm chung", "shared cache"],
  population: ["cơ sở dữ liệu dân cư", "population database"],
  gateway: ["cổng BHXH", "insurer's gateway"],
};

export const SECTIONS = {
  allergies: ["Dị ứng", "Allergies"],
  conditions: ["Bệnh", "Conditions"],
  medications: ["Thuốc đang dùng", "Medication"],
  immunisations: ["Tiêm chủng", "Immunisations"],
};

export const VISIT_KIND = {
  outpatient: ["Ngoại trú", "Outpatient"],
  inpatient: ["Nội trú", "Inpatient"],
  emergency: ["Cấp cứu", "Emergency"],
};

export const VISIT_OUTCOME = {
  cured: ["khỏi", "cured"],
  better: ["đỡ", "better"],
  unchanged: ["không thay đổi", "unchanged"],
  worse: ["nặng hơn", "worse"],
  died: ["tử vong", "died"],
  unknown: ["không rõ", "unknown"],
};

export const DOCUMENT_KIND = {
  referral: ["Giấy chuyển", "Referral"],
  re_examination: ["Giấy hẹn khám lại", "Re-examination"],
  discharge: ["Giấy ra viện", "Discharge"],
  summary: ["Tóm tắt hồ sơ", "Summary"],
};

export const PURPOSES = {
  treatment: ["Điều trị", "Treatment"],
  emergency: ["Cấp cứu", "Emergency"],
  reception: ["Tiếp nhận", "Reception"],
  discharge: ["Ra viện", "Discharge"],
};

// A problem's own words are English; these say the same in Vietnamese, by field.
export const FAULTS = {
  number:
    "Số không đúng dạng. Cần 12 số CCCD, 9 số CMND, 15 ký tự hoặc 10 số thẻ BHYT; " +
    "hoặc quét lại mã QR.",
  birth_date: "Ngày sinh không đúng. Nhập ngày/tháng/năm, hoặc chỉ năm sinh.",
  full_name: "Cần họ tên như trên giấy tờ, hoặc ngày sinh.",
  on: "Ngày khám không đúng. Nhập ngày/tháng/năm.",
};

const ZONE = "Asia/Ho_Chi_Minh";

// 1980-03-05, 1980-03 and 1980 are dates as exactly as they are known.
export function dateText(iso) {
  return iso.split("-").reverse().join("/");
}

export function momentText(instant) {
  const moment = new Date(instant);
  const time = moment.toLocaleTimeString("vi-VN", {
    timeZone: ZONE,
    timeStyle: "medium",
  });
  const day = moment.toLocaleDateString("sv-SE", { timeZone: ZONE });
  return `${time} ${dateText(day)}`;
}

export function daysBetween(from, to) {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

const UNITS = [
  [86_400, "ngày", "d"],
  [3_600, "giờ", "h"],
  [60, "phút", "min"],
  [1, "giây", "s"],
];

export function ageText(seconds) {
  const [unit_s, vi, en] = UNITS.find(([size]) => seconds >= size) ?? UNITS.at(-1);
  const count = Math.floor(seconds / unit_s);
  return [`${count} ${vi} trước`, `${count} ${en} ago`];
}

// Scanned text brings the number first; only its last four characters are shown.
export function masked(text) {
  const number = text.split(/[|\\]/)[0].trim();
  return `•••• ${number.slice(-4)}`;
}

export function cardText(number) {
  return number.replace(/^(..)(.)(..)(.{10})$/, "$1 $2 $3 $4");
}
