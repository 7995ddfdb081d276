// POST /v1/lookups: one question out, an answer, a problem or silence back.

const PATIENCE_MS = 3_000;

// Made here, so that a question that was never answered can be traced as well.
function newRequestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Resolves to {answer}, {problem} or {silence: "late" | "unreachable"}, with the
// requestId. After the signal the question is withdrawn and nobody looks.
export async function ask(question, { key, signal }) {
  const requestId = newRequestId();
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const response = await fetch("v1/lookups", {
      method: "POST",
      headers: {
        "Accept": "application/json",
        "Authorization": `Bearer ${key}`,
        "Content-Type": "application/json",
        "X-Tracuu-Channel": "page",
        "X-Request-Id": requestId,
      },
      body: JSON.stringify(question),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: eitherOf(signal, patience),
    });
    const body = await response.json();
    if (response.ok) return { answer: body, requestId: body.request_id };
    // Only our own problems say what to do; a proxy's page is as good as silence.
    if (body.action) return { problem: body, requestId: body.request_id };
    return { silence: "unreachable", requestId };
  } catch {
    return { silence: patience.aborted ? "late" : "unreachable", requestId };
  }
}

// AbortSignal.any is missing from browsers of before 2024.
function eitherOf(...signals) {
  const controller = new AbortController();
  for (const signal of signals) {
    signal.addEventListener("abort", () => controller.abort());
  }
  return controller.signal;
}
