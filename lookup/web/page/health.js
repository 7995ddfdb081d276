// The health record as elements: asked for on purpose, allergies first.

import { both, button, definitions, element, icon } from "./dom.js";
import {
  DOCUMENT_KIND,
  PURPOSES,
  SECTIONS,
  VISIT_KIND,
  VISIT_OUTCOME,
  dateText,
} from "./words.js";

// health is undefined before it is asked for, null when it may not be shown.
export function healthPanel(health, onHealth) {
  const made = element(
    "div",
    { className: "panel health", id: "health" },
    element("h4", {}, both("Hồ sơ sức khỏe", "Health record")),
  );
  if (health) made.append(...record(health));
  else made.append(purposes(health, onHealth));
  return made;
}

function purposes(health, onHealth) {
  const words =
    health === null
      ? both("Không được xem hồ sơ cho mục đích này.", "Not shown for this purpose.")
      : both("Xem để:", "Show for:");
  const choices = Object.entries(PURPOSES).map(([purpose, name]) =>
    button(both(...name), null, () => onHealth(purpose)),
  );
  return element(
    "div",
    { className: "purposes" },
    element("kbd", {}, "F4"),
    element("span", {}, words),
    ...choices,
  );
}

function record({ summary, visits, documents }) {
  const sections = summary
    ? summaryParts(summary)
    : [
        element(
          "p",
          {},
          both("Chưa lập hồ sơ sức khỏe.", "No health record was opened."),
        ),
      ];
  return [
    ...sections,
    folded(both("Lần khám gần đây", "Recent visits"), visits.map(visit)),
    folded(both("Giấy tờ", "Documents"), documents.map(paper)),
  ];
}

function summaryParts(summary) {
  const [allergies, ...others] = Object.keys(SECTIONS).map((name) =>
    section(name, summary[name]),
  );
  const columns = element("div", { className: "columns" }, ...others, vitals(summary));
  return [allergies, columns];
}

// Never recorded and none known are different things, most of all for allergies.
function section(name, items) {
  const made = element(
    "section",
    { className: name },
    element("h5", {}, both(...SECTIONS[name])),
  );
  if (items === null) {
    made.append(element("p", { className: "unrecorded" }, unrecorded(name)));
  } else if (items.length === 0) {
    made.append(element("p", {}, both("Không có", "None known")));
  } else {
    const severeFirst = [...items].sort((a, b) => b.is_severe - a.is_severe);
    made.append(element("ul", {}, ...severeFirst.map(item)));
  }
  return made;
}

function unrecorded(name) {
  return name === "allergies"
    ? both("Chưa ghi nhận – hỏi người bệnh", "Never recorded – ask the patient")
    : both("Chưa ghi nhận", "Never recorded");
}

function item({ code, text, since, note, is_severe }) {
  const made = element("li", {}, element("b", {}, text));
  if (is_severe) {
    made.className = "severe";
    made.prepend(icon("red"), element("strong", {}, both("NẶNG", "SEVERE")));
  }
  if (note) made.append(element("span", {}, note));
  const origin = [code, since && dateText(since)].filter(Boolean).join(" · ");
  if (origin) made.append(element("span", { className: "aside" }, origin));
  return made;
}

function vitals(summary) {
  const { height_cm, weight_kg, blood_pressure, measured_on, updated_on } = summary;
  return element(
    "section",
    {},
    element("h5", {}, both("Chỉ số", "Measurements")),
    definitions([
      [both("Nhóm máu", "Blood group"), summary.blood_group],
      [both("Chiều cao", "Height"), height_cm && `${height_cm} cm`],
      [both("Cân nặng", "Weight"), weight_kg && `${weight_kg} kg`],
      [both("Huyết áp", "Blood pressure"), blood_pressure && `${blood_pressure} mmHg`],
      [both("Ngày đo", "Measured"), measured_on && dateText(measured_on)],
      [both("Cập nhật", "Updated"), updated_on && dateText(updated_on)],
    ]),
  );
}

function folded(words, rows) {
  const title = element("summary", {}, words, ` (${rows.length})`);
  return element("details", {}, title, element("ul", {}, ...rows));
}

function visit({
  admitted_on,
  kind,
  diagnosis_code,
  diagnosis,
  facility_name,
  outcome,
}) {
  return element(
    "li",
    {},
    element("b", {}, dateText(admitted_on)),
    element("span", {}, both(...VISIT_KIND[kind])),
    element("span", {}, `${diagnosis_code} ${diagnosis}`),
    element("span", {}, both(...VISIT_OUTCOME[outcome])),
    facility_name && element("span", { className: "aside" }, facility_name),
  );
}

function paper({ issued_on, kind, title, valid_to }) {
  const until = valid_to && dateText(valid_to);
  return element(
    "li",
    {},
    element("b", {}, dateText(issued_on)),
    element("span", {}, both(...DOCUMENT_KIND[kind])),
    element("span", {}, title),
    until
      ? element("span", { className: "aside" }, both(`đến ${until}`, `until ${until}`))
      : null,
  );
}
