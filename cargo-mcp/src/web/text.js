// Text of a server on the page. It is never taken for markup, and characters that steer a terminal or turn the direction
// of reading are shown by their numbers.

// Control characters but line breaks and tabs, and what reorders text or takes no room.
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;
/** As many characters as are shown of one text. */
const LONGEST = 200_000;

/** The text with everything visible that is not. */
export function visible(text) {
  const shown = String(text).replace(/\r\n/g, "\n");
  const cut = shown.length > LONGEST ? `${shown.slice(0, LONGEST)}\n… and ${shown.length - LONGEST} more characters` : shown;
  return cut.replace(STEERING, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

/** The same on one line. */
export function visibleLine(text) {
  return visible(text).replace(/\n/g, "\\n").replace(/\t/g, "\\t");
}

/**
 * Makes an element. Of its properties, functions listen to the event of that name, and the rest are attributes; `null`,
 * `undefined` and `false` leave one out. Children are elements or texts.
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, visible(value));
  }
  put(element, children);
  return element;
}

function put(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(visible(child)));
  }
}

/** Replaces what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  put(element, children);
  return element;
}

/** JSON laid out for people. The tokens stay what they are, so that no digit of a number is lost; text that is no JSON too. */
export function layout(json) {
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const tokens = json.match(/"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    const next = tokens[at + 1];
    if (token === "{" || token === "[") {
      if (next === "}" || next === "]") {
        out += token + next;
        at++;
      } else {
        depth++;
        out += token + line();
      }
    } else if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      out += line() + token;
    } else if (token === ",") out += token + line();
    else if (token === ":") out += ": ";
    else out += token;
  }
  return out;
}

/** How many lines are wrapped under where they begin. */
const HANGING = 2000;

/** A value or its JSON text, laid out. */
export function json(value) {
  const text = visible(layout(typeof value === "string" ? value : JSON.stringify(value) ?? ""));
  const lines = text.split("\n");
  if (lines.length > HANGING) return el("pre", { tabindex: "0" }, text);
  const hanging = lines.map((line) => {
    const span = el("span", {}, `${line}\n`);
    span.style.setProperty("--indent", `${line.search(/\S|$/) + 2}ch`);
    return span;
  });
  return el("pre", { tabindex: "0", class: "json" }, hanging);
}

/** Something that is closed at first. What is in it is made when it is opened. */
export function folded(title, make, properties = {}) {
  const summary = el("summary", {}, title);
  const details = el("details", properties, summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(make());
  });
  return details;
}

let last = 0;
/** A name for an element that no other has. */
export function unique() {
  last += 1;
  return `u${last}`;
}

/** How many bytes, for people. */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1024 / 1024).toFixed(1)} MiB`;
}
