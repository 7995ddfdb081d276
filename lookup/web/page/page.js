// The reception desk: one field that always listens, one answer at a time.
//
// Nothing about a patient outlives the screen: the question and its answer are held
// in `shown` only, and everything goes after IDLE_MS without use.

import {
  answerBand,
  answerDetail,
  askedLine,
  requestLine,
  verdictBand,
} from "./answer.js";
import { both, button, element, inBoth } from "./dom.js";
import { ask } from "./lookups.js";
import {
  askedNumber,
  awaitNext,
  clearFaults,
  clearQuestion,
  focusNumber,
  isEmpty,
  leadToClaim,
  readQuestion,
  restoreQuestion,
  showClaim,
  showFaults,
} from "./question.js";
import {
  credentials,
  isSigningIn,
  openSignIn,
  showOperator,
  whenSignedIn,
} from "./sign-in.js";
import { HEADLINES } from "./words.js";

const IDLE_MS = 120_000;
const CLOCK_MS = 100;

const part = (id) => document.getElementById(id);

let shown = null;
let asking = null;
let idle = null;

function show(band, ...details) {
  part("verdict").replaceChildren(...band);
  part("detail").replaceChildren(...details);
  part("welcome").hidden = band.length > 0;
}

function withdraw() {
  asking?.abort();
  asking = null;
  shown = null;
  show([]);
}

function clear() {
  withdraw();
  clearQuestion();
  focusNumber();
}

function waitBeforeClearing() {
  clearTimeout(idle);
  idle = setTimeout(clear, IDLE_MS);
}

async function lookUp(question) {
  const { key, operator } = credentials();
  withdraw();
  shown = { question };
  if (!key) return openSignIn();
  const withdrawal = new AbortController();
  asking = withdrawal;
  const stopClock = startClock();
  const sent = operator ? { ...question, operator } : question;
  const reply = await ask(sent, { key, signal: withdrawal.signal });
  stopClock();
  if (withdrawal.signal.aborted) return;
  asking = null;
  show([]);
  waitBeforeClearing();
  showReply(question, reply);
}

function showReply(question, reply) {
  if (reply.answer) showAnswer(question, reply.answer);
  else if (reply.silence) showSilence(question, reply);
  else if (reply.problem.status === 401) openSignIn({ isRefused: true });
  else showProblem(question, reply);
}

// Seconds pass in sight of the desk, but are not read out.
function startClock() {
  const began = performance.now();
  const seconds = element("b", { ariaHidden: "true" });
  const tick = () => {
    const passed_s = (performance.now() - began) / 1_000;
    seconds.textContent = `${passed_s.toFixed(1).replace(".", ",")} s`;
  };
  tick();
  show([
    element("p", { className: "waiting" }, both("Đang tra cứu… ", "Asking… "), seconds),
  ]);
  const timer = setInterval(tick, CLOCK_MS);
  return () => clearInterval(timer);
}

function showAnswer(question, answer) {
  const asked = askedNumber(question);
  const wantsHealth = question.include.includes("health");
  const seen = { ...answer, health: wantsHealth ? answer.health : undefined };
  shown = { question, answer };
  show(
    [answerBand(answer, answerActions(question, answer))],
    ...answerDetail(seen, { asked, onHealth: lookUpHealth, onCopy: copy }),
  );
  clearQuestion();
  awaitNext();
  if (wantsHealth) part("health")?.scrollIntoView();
}

function answerActions(question, { person, result }) {
  const next = button(both("Người tiếp theo", "Next patient"), "F2", clear);
  return person ? [next] : [correctButton(question, result.code), next];
}

function correctButton(question, code = null) {
  return button(both("Sửa và tra lại", "Correct and retry"), null, () => {
    withdraw();
    restoreQuestion(question, code);
  });
}

function lookUpHealth(purpose) {
  lookUp({ ...shown.question, include: ["coverage", "health"], purpose });
}

// For an empty field, Enter means the same as the button.
function retryButton(question) {
  return button(both("Tra cứu lại", "Try again"), "Enter", () => lookUp(question));
}

function showSilence(question, { silence, requestId }) {
  const late = ["Không có trả lời sau 3 giây.", "No answer within 3 seconds."];
  const unreachable = [
    "Không kết nối được với máy chủ.",
    "The server cannot be reached.",
  ];
  const band = verdictBand({
    colour: "grey",
    headline: both(...HEADLINES.unavailable),
    texts: [both(...(silence === "late" ? late : unreachable))],
    next: both(
      "Vẫn tiếp nhận người bệnh, ghi lại số định danh và tra cứu lại sau.",
      "Admit anyway, note the number and look up again later.",
    ),
    actions: [retryButton(question), correctButton(question)],
  });
  showUnanswered(question, band, requestLine(requestId, copy));
}

function showUnanswered(question, band, ...lines) {
  shown = { question, isUnanswered: true };
  clearQuestion();
  awaitNext();
  const asked = askedLine(askedNumber(question));
  show([band], element("footer", {}, asked, ...lines));
}

function showProblem(question, { problem, requestId }) {
  const isOurs = problem.status >= 500;
  const unplaced = isOurs ? [] : showFaults(problem.errors ?? []);
  const hint = both(
    "Nếu mã quét bị sai chữ: tắt bộ gõ tiếng Việt (UniKey) rồi quét lại.",
    "If the scan arrives garbled: switch the Vietnamese keyboard off and scan again.",
  );
  const title = both(problem.title_vi ?? problem.title, problem.title);
  const faults = unplaced.map(({ message }) => message);
  const band = verdictBand({
    colour: isOurs ? "grey" : "amber",
    headline: both(...HEADLINES[isOurs ? "unavailable" : "unasked"]),
    texts: [title, ...faults, ...(question.qr && !isOurs ? [hint] : [])],
    next: inBoth(problem.action),
    actions: problemActions(question, problem),
  });
  const lines = [
    element("p", {}, `${problem.code}: ${problem.detail}`),
    requestLine(requestId, copy),
  ];
  if (problem.retryable) showUnanswered(question, band, ...lines);
  else show([band], element("footer", {}, ...lines));
}

function problemActions(question, { retryable }) {
  const actions = retryable ? [retryButton(question), correctButton(question)] : [];
  if (question.include.includes("health")) {
    const { purpose, ...coverageOnly } = { ...question, include: ["coverage"] };
    const words = both("Trở lại thẻ BHYT", "Back to the card");
    actions.push(button(words, null, () => lookUp(coverageOnly)));
  }
  return actions;
}

// navigator.clipboard exists on https and localhost only; a desk may have neither.
async function copy(text, from) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
  } else {
    const carrier = element("textarea", { value: text });
    document.body.append(carrier);
    carrier.select();
    document.execCommand("copy");
    carrier.remove();
  }
  from.replaceChildren(both("Đã sao chép", "Copied"));
  focusNumber();
}

function submit(event) {
  event.preventDefault();
  if (asking) return;
  if (isEmpty()) {
    if (shown?.isUnanswered) lookUp(shown.question);
    else focusNumber();
    return;
  }
  if (leadToClaim()) return;
  clearFaults();
  lookUp({ ...readQuestion(), include: ["coverage"] });
}

// A new number and the last patient's answer are never on the screen together.
function edited() {
  if (shown) withdraw();
  clearFaults();
  showClaim();
}

const KEYS = {
  Escape: clear,
  F2: clear,
  F4: () => document.querySelector("#health button")?.focus(),
  F8: () => window.print(),
};

// What is typed or scanned goes to the number, wherever the focus was left.
function pressed(event) {
  waitBeforeClearing();
  if (isSigningIn()) return;
  if (event.key in KEYS) {
    event.preventDefault();
    KEYS[event.key]();
    return;
  }
  const isTyping =
    event.key?.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  const isElsewhere = !event.target.closest("input") && event.key !== " ";
  if (isTyping && isElsewhere) focusNumber();
}

function setLanguage(language) {
  document.documentElement.lang = language;
  sessionStorage.setItem("language", language);
}

part("question").addEventListener("submit", submit);
part("question").addEventListener("input", edited);
part("clear").addEventListener("click", clear);
part("desk").addEventListener("click", () => {
  withdraw();
  openSignIn();
});
part("language").addEventListener("click", () => {
  setLanguage(document.documentElement.lang === "vi" ? "en" : "vi");
  focusNumber();
});
whenSignedIn(() => (shown ? lookUp(shown.question) : focusNumber()));
document.addEventListener("keydown", pressed);
document.addEventListener("pointerdown", waitBeforeClearing);
window.addEventListener("pagehide", clear);

setLanguage(sessionStorage.getItem("language") ?? "vi");
showOperator();
if (!credentials().key) openSignIn();
