// One lookup by the insurer's protocol; the question comes as JSON on standard input.
// Node.js 18 or newer.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const { TRACUU_URL, TRACUU_GATEWAY_USERNAME, TRACUU_GATEWAY_PASSWORD } = process.env;
const account = {
  username: TRACUU_GATEWAY_USERNAME,
  password: createHash("md5")
    .update(TRACUU_GATEWAY_PASSWORD)
    .digest("hex")
    .toUpperCase(),
};
const NOTHING_LOOKED_UP = ["054", "055", "100", "101", "205", "401"];

// HTTP says 200 and maKetQua the rest.
async function post(path, body, headers) {
  const signal = AbortSignal.timeout(5000);
  const init = { method: "POST", body, headers, signal };
  const response = await fetch(TRACUU_URL + path, init);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

// A token lasts until expires_in: keep it until then.
async function takeToken() {
  const { maKetQua, APIKey } = await post("/api/token/take", new URLSearchParams(account));
  if (maKetQua !== "200") throw new Error(`no token: maKetQua ${maKetQua}`);
  return APIKey;
}

// On maKetQua 401, take one new token and ask once more.
async function lookUp(question, { access_token, id_token }) {
  const query = new URLSearchParams({ ...account, token: access_token, id_token });
  return post(`/api/egw/KQNhanLichSuKCB2024?${query}`, question, {
    "Content-Type": "application/json; charset=utf-8",
  });
}

try {
  const answer = await lookUp(readFileSync(0), await takeToken());
  console.log(answer.maKetQua, answer.ghiChu);
  process.exitCode = NOTHING_LOOKED_UP.includes(answer.maKetQua) ? 1 : 0;
} catch (error) {
  console.error(`no answer: ${error.message}`);
  process.exitCode = 1;
}
