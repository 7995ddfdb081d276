// An answer as elements: the verdict, then whom and which card it speaks of.

import { both, button, definitions, element, icon, inBoth } from "./dom.js";
import { healthPanel } from "./health.js";
import {
  CARD_STATUS,
  HEADLINES,
  MANAGER,
  SEX,
  SOURCE,
  ageText,
  cardText,
  dateText,
  daysBetween,
  masked,
  momentText,
} from "./words.js";

export function verdictBand({ colour, headline, texts, next, code, actions }) {
  const says = element(
    "div",
    { className: "says" },
    icon(colour),
    element(
      "div",
      {},
      element("h2", {}, headline),
      ...texts.map((text) => element("p", {}, text)),
    ),
    code && element("span", { className: "code" }, code),
  );
  const step = element(
    "div",
    { className: "next" },
    element("h3", {}, both("Việc cần làm", "Next step")),
    element("p", {}, next),
    element("div", { className: "actions" }, ...actions),
  );
  return element("div", { className: `band ${colour}` }, says, step);
}

export function answerBand(answer, actions) {
  const { code, outcome, verdict, text, next_step } = answer.result;
  return verdictBand({
    colour: verdict,
    headline: both(...HEADLINES[outcome]),
    texts: [inBoth(text)],
    next: inBoth(next_step),
    code,
    actions,
  });
}

export function answerDetail(answer, { asked, onHealth, onCopy }) {
  const { person, coverage, freshness } = answer;
  return [
    element(
      "div",
      { className: "notes" },
      ...notes(coverage?.warnings ?? [], freshness),
    ),
    element(
      "div",
      { className: "panels" },
      element(
        "div",
        { className: "panel main" },
        person ? personHead(person) : askedLine(asked),
        coverage?.card ? cardPanel(coverage) : null,
      ),
      ...(coverage?.other_cards ?? []).map((card) => otherCard(card)),
    ),
    person ? healthPanel(answer.health, onHealth) : null,
    element(
      "footer",
      {},
      freshness && provenance(freshness),
      requestLine(answer.request_id, onCopy),
      element(
        "p",
        {},
        button(both("Sao chép kết quả", "Copy result"), null, (event) =>
          onCopy(sentence(answer), event.currentTarget),
        ),
        button(both("In phiếu", "Print"), "F8", () => window.print()),
      ),
    ),
  ].filter((part) => part !== null);
}

// The result in one line, as the insurer's portal words it, for another program.
function sentence({ result, person, coverage, request_id }) {
  const parts = [`${result.code} ${result.text.vi}`];
  if (person) parts.push(`Họ tên: ${person.full_name}`);
  const card = coverage?.card;
  if (card) {
    parts.push(
      `Mã thẻ: ${card.card_number}`,
      `Nơi KCBBĐ: ${card.facility_code}`,
      `Hạn thẻ: ${dateText(card.valid_from)} - ${endText(card)[0]}`,
    );
  }
  if (coverage?.five_year) {
    parts.push(`Thời điểm đủ 5 năm liên tục: ${dateText(coverage.five_year.on)}`);
  }
  return `${parts.join("; ")}; Mã yêu cầu: ${request_id}`;
}

function notes(warnings, freshness) {
  const made = warnings.map(({ text }) => note(inBoth(text)));
  if (freshness?.is_stale) {
    const [vi, en] = ageText(freshness.age_s);
    const at = momentText(freshness.as_of);
    made.unshift(
      note(
        both(
          `Dữ liệu cũ, lúc ${at} (${vi}). Hệ thống nguồn không trả lời.`,
          `Old data, of ${at} (${en}). The source does not answer.`,
        ),
        "stale",
      ),
    );
  }
  return made;
}

function note(words, kind = "warning") {
  return element(
    "p",
    { className: `note ${kind}` },
    icon("amber"),
    element("span", {}, words),
  );
}

function personHead(person) {
  return element(
    "div",
    { className: "person" },
    element("h3", {}, person.full_name),
    element(
      "p",
      {},
      element("b", {}, dateText(person.birth_date)),
      element("span", {}, both(...SEX[person.sex])),
      person.citizen_id
        ? element("span", {}, "CCCD ", element("b", {}, masked(person.citizen_id)))
        : null,
    ),
  );
}

export function askedLine(asked) {
  return element("p", {}, both("Đã tra cứu số ", "Looked up "), masked(asked));
}

function cardPanel({ in_force, on, card, benefit, five_year }) {
  const title = in_force
    ? both("Thẻ có giá trị ngày ", "Card in force on ")
    : both("Thẻ không có giá trị ngày ", "Card not in force on ");
  return element(
    "div",
    {},
    element("h4", {}, title, dateText(on)),
    definitions([
      [both("Mã thẻ", "Card number"), element("b", {}, cardText(card.card_number))],
      [both("Thời hạn", "Valid"), validity(card, in_force && on)],
      [both("Nơi KCB ban đầu", "Registered at"), facility(card)],
      [both("Mức hưởng", "Benefit"), benefit && benefitText(benefit)],
      [
        both("Đủ 5 năm liên tục", "Five years reached"),
        five_year && fiveYears(five_year),
      ],
      [both("Khu vực", "Area"), card.area],
      [both("Cơ quan cấp", "Issued by"), card.issued_by],
      [both("Quản lý", "Managed by"), manager(card)],
      [both("Tình trạng", "Status"), status(card)],
    ]),
  );
}

function otherCard(card) {
  return element(
    "div",
    { className: "panel other" },
    element("h4", {}, both("Thẻ khác", "Other card")),
    definitions([
      [both("Mã thẻ", "Card number"), cardText(card.card_number)],
      [both("Thời hạn", "Valid"), span(card)],
      [both("Nơi KCB ban đầu", "Registered at"), facility(card)],
      [both("Tình trạng", "Status"), status(card)],
    ]),
  );
}

function endText(card) {
  return card.valid_to === null
    ? ["không thời hạn", "no end set"]
    : [dateText(card.valid_to), dateText(card.valid_to)];
}

function span(card) {
  const [vi, en] = endText(card);
  const from = dateText(card.valid_from);
  return both(`${from} – ${vi}`, `${from} – ${en}`);
}

function validity(card, inForceOn) {
  const made = element("span", {}, element("b", {}, span(card)));
  if (inForceOn && card.valid_to !== null) {
    const left = daysBetween(inForceOn, card.valid_to);
    made.append(aside(both(`còn ${left} ngày`, `${left} days left`)));
  }
  return made;
}

function facility(card) {
  const made = element("span", {}, element("b", {}, card.facility_code));
  if (card.facility_name) made.append(` ${card.facility_name}`);
  return made;
}

function benefitText({ level, percent, text }) {
  const made = element("span", {}, element("b", {}, `${percent} %`));
  made.append(aside(both(`mức ${level}`, `level ${level}`)));
  made.append(element("small", {}, inBoth(text)));
  return made;
}

function fiveYears({ on, reached }) {
  const words = reached ? both("đã đủ", "reached") : both("chưa đủ", "not yet");
  return element("span", {}, dateText(on), aside(words));
}

function manager(card) {
  return card.manager === "social_security" ? null : both(...MANAGER[card.manager]);
}

function status(card) {
  return card.status === "active" ? null : both(...CARD_STATUS[card.status]);
}

function aside(words) {
  return element("span", { className: "aside" }, words);
}

function provenance({ source, as_of, age_s }) {
  const [vi, en] = ageText(age_s);
  const [sourceVi, sourceEn] = SOURCE[source];
  const at = momentText(as_of);
  const asked = momentText(Date.parse(as_of) + age_s * 1_000);
  return element(
    "p",
    {},
    both(
      `Tra cứu ${asked}. Dữ liệu lúc ${at} (${vi}), từ ${sourceVi}.`,
      `Looked up ${asked}. Data of ${at} (${en}), from the ${sourceEn}.`,
    ),
  );
}

export function requestLine(requestId, onCopy) {
  return element(
    "p",
    {},
    both("Mã yêu cầu ", "Request "),
    element("code", {}, requestId),
    button(both("Sao chép", "Copy"), null, (event) =>
      onCopy(requestId, event.currentTarget),
    ),
  );
}
