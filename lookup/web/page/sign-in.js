// The start of a shift: the desk's key and who sits there, kept for this tab only.

const part = (id) => document.getElementById(id);
const dialog = part("sign-in");

export function credentials() {
  return {
    key: sessionStorage.getItem("api_key"),
    operator: sessionStorage.getItem("operator"),
  };
}

export function isSigningIn() {
  return dialog.open;
}

export function openSignIn({ isRefused = false } = {}) {
  const { key, operator } = credentials();
  part("key-fault").hidden = !isRefused;
  part("key").value = isRefused ? "" : (key ?? "");
  part("operator").value = operator ?? "";
  if (!dialog.open) dialog.showModal();
  part("key").focus();
}

export function showOperator() {
  part("operator-shown").textContent = credentials().operator || "–";
}

export function whenSignedIn(goOn) {
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = part("key").value.trim();
    if (!key) return part("key").focus();
    sessionStorage.setItem("api_key", key);
    sessionStorage.setItem("operator", part("operator").value.trim());
    showOperator();
    dialog.close();
    goOn();
  });
}
