// The question as the desk enters it: scanned or typed, and what was wrong with it.

import { both } from "./dom.js";
import { FAULTS } from "./words.js";

const field = (id) => document.getElementById(id);

const INPUTS = {
  number: field("number"),
  birth_date: field("birth"),
  full_name: field("name"),
  on: field("on"),
};

// Which field a problem's pointer means; the number goes by three names.
const FIELDS = {
  "/citizen_id": "number",
  "/card_number": "number",
  "/qr": "number",
  "/birth_date": "birth_date",
  "/full_name": "full_name",
  "/on": "on",
};

// Which field to correct first when a result says what did not fit.
const MISFITS = { "060": "full_name", "061": "full_name", "070": "birth_date" };

const TYPED_LENGTHS = [9, 10, 12, 15];

// Damaged by a Vietnamese keyboard, the divider arrives as a backslash.
const isScan = (text) => /[|\\]/.test(text);

const compact = (text) => text.normalize("NFKC").replace(/[\s.-]/g, "");

export function focusNumber() {
  INPUTS.number.focus();
}

// On a phone a focused field would bring up the keyboard over the verdict.
export function awaitNext() {
  if (matchMedia("(pointer: coarse)").matches) document.activeElement.blur();
  else focusNumber();
}

export function isEmpty() {
  return Object.values(INPUTS).every((input) => input.value.trim() === "");
}

export function clearQuestion() {
  for (const input of Object.values(INPUTS)) input.value = "";
  clearFaults();
  showClaim();
}

// A typed number proves nothing by itself: it needs a birth date or a name.
export function showClaim() {
  const text = INPUTS.number.value;
  const isTyped = !isScan(text) && TYPED_LENGTHS.includes(compact(text).length);
  field("claim").hidden = !isTyped && !hasClaim();
}

function hasClaim() {
  return [INPUTS.birth_date, INPUTS.full_name, INPUTS.on].some((input) => input.value);
}

// Enter after a typed number leads on to the birth date instead of asking.
export function leadToClaim() {
  const isBare = document.activeElement === INPUTS.number && !hasClaim();
  if (!isBare || isScan(INPUTS.number.value)) return false;
  field("claim").hidden = false;
  INPUTS.birth_date.focus();
  return true;
}

// The question as POST /v1/lookups takes it. A scan counts wherever it landed.
export function readQuestion() {
  const texts = Object.values(INPUTS).map((input) => input.value.trim());
  const scan = texts.find(isScan);
  if (scan !== undefined) return { qr: scan };
  const number = compact(INPUTS.number.value);
  const isCard = number.length === 10 || /\D/.test(number);
  const question = { [isCard ? "card_number" : "citizen_id"]: number };
  for (const name of ["full_name", "birth_date", "on"]) {
    const text = INPUTS[name].value.trim();
    if (text) question[name] = text;
  }
  return question;
}

export function askedNumber({ qr, citizen_id, card_number }) {
  return qr ?? citizen_id ?? card_number;
}

// Back into the fields, to be corrected; of a scan only the number can be.
export function restoreQuestion(question, code) {
  INPUTS.number.value = askedNumber(question).split(/[|\\]/)[0];
  for (const name of ["full_name", "birth_date", "on"]) {
    INPUTS[name].value = question[name] ?? "";
  }
  field("claim").hidden = false;
  const first = INPUTS[MISFITS[code] ?? "number"];
  first.focus();
  first.select();
}

// Marks the fields that are named and returns the faults that name none. The text to
// correct is selected, so that a scan replaces it instead of adding to it.
export function showFaults(errors) {
  clearFaults();
  const unplaced = errors.filter(({ pointer }) => !(pointer in FIELDS));
  const placed = errors.filter(({ pointer }) => pointer in FIELDS);
  for (const { pointer, message } of placed) {
    const input = INPUTS[FIELDS[pointer]];
    const fault = field(`${input.id}-fault`);
    fault.replaceChildren(both(FAULTS[FIELDS[pointer]], message));
    fault.hidden = false;
    input.setAttribute("aria-invalid", "true");
    if (input !== INPUTS.number) field("claim").hidden = false;
  }
  const first = INPUTS[FIELDS[placed[0]?.pointer] ?? "number"];
  first.focus();
  first.select();
  return unplaced;
}

export function clearFaults() {
  for (const input of Object.values(INPUTS)) {
    input.removeAttribute("aria-invalid");
    field(`${input.id}-fault`).hidden = true;
  }
}
