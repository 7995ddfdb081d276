// Making elements. Text only ever enters the page as text, never as markup.

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child != null));
  return made;
}

// Both languages are always in the page; the style sheet shows the chosen one.
export function both(vi, en) {
  return inBoth({ vi, en });
}

export function inBoth(text) {
  const made = document.createDocumentFragment();
  for (const lang of ["vi", "en"]) {
    made.append(element("span", { lang }, text[lang]));
  }
  return made;
}

export function icon(colour) {
  return document.getElementById(`icon-${colour}`).content.cloneNode(true);
}

export function button(words, key, onclick) {
  const hint = key && element("kbd", {}, key);
  return element("button", { type: "button", onclick }, words, hint);
}

// Rows of which nothing is known are left out.
export function definitions(rows) {
  const known = rows.filter(([, value]) => value != null);
  return element(
    "dl",
    {},
    ...known.flatMap(([term, value]) => [
      element("dt", {}, term),
      element("dd", {}, value),
    ]),
  );
}
