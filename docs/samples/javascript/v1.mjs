// One lookup by /v1; the question comes as JSON on standard input. Node.js 18 or newer.
import { readFileSync } from "node:fs";

const { TRACUU_URL, TRACUU_API_KEY } = process.env;

try {
  const response = await fetch(`${TRACUU_URL}/v1/lookups`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${TRACUU_API_KEY}`,
      "Content-Type": "application/json",
    },
    body: readFileSync(0),
    signal: AbortSignal.timeout(5000),
  });
  const answer = await response.json();
  if (response.ok) {
    // Every "no" is an answer, too.
    const { result, coverage } = answer;
    console.log(result.code, result.text.vi);
    console.log("→", result.next_step.vi);
    if (coverage?.card) {
      console.log(coverage.card.card_number, coverage.card.valid_to);
    }
  } else {
    console.error(`${answer.code}: ${answer.detail}\n→ ${answer.action.vi}`);
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`no answer: ${error.message}`);
  process.exitCode = 1;
}
