// What the server asks: a dialog for each question, one after the other.

import { form } from "./form.js";
import { on, post } from "./wire.js";
import { el, unique, visible, visibleLine } from "./text.js";

/** What is open, by number. */
let open = new Map();
/** What was answered here; an event that is older may still name it. */
const answered = new Set();
let shown = null;

on("questions", ({ open: questions }) => replace(questions));

// Nobody is there who could take the answer.
on("lost", () => {
  replace([]);
  answered.clear();
});

function replace(questions) {
  open = new Map(questions.filter(({ id }) => !answered.has(id)).map(({ id, params }) => [id, params]));
  if (shown && !open.has(shown.id)) {
    // It was answered on another page, or the server no longer asks.
    shown.isOver = true;
    shown.dialog.close();
  }
  next();
}

function next() {
  if (shown || open.size === 0) return;
  const [id, params] = open.entries().next().value;
  const dialog = params.mode === "url" ? address(id, params) : fields(id, params);
  shown = { id, dialog, isOver: false };
  dialog.addEventListener("close", () => {
    const was = shown;
    shown = null;
    dialog.remove();
    if (!was.isOver) answer(id, { action: "cancel" });
    next();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** Answers, and closes the dialog. `result` is an object, or its JSON text. */
function answer(id, result) {
  open.delete(id);
  answered.add(id);
  const text = typeof result === "string" ? result : JSON.stringify(result);
  post("answer", `{"question":${id},"result":${text}}`).catch(() => answered.delete(id));
  if (shown?.id === id) {
    shown.isOver = true;
    shown.dialog.close();
  }
}

function frame(id, title, message, ...children) {
  const [heading, text] = [unique(), unique()];
  return el("dialog", { "aria-labelledby": heading, "aria-describedby": text },
    el("h2", { id: heading }, title), el("p", { id: text, class: "question" }, message), children);
}

function refusals(id) {
  return [
    el("button", { type: "button", click: () => answer(id, { action: "decline" }) }, "Decline"),
    el("button", { type: "button", click: () => answer(id, { action: "cancel" }) }, "Cancel"),
  ];
}

function fields(id, { message, requestedSchema }) {
  const asked = form(requestedSchema ?? {}, { byTitle: true });
  const submit = (event) => {
    event.preventDefault();
    const content = asked.read();
    if (content !== null) answer(id, `{"action":"accept","content":${content}}`);
  };
  const keys = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && submit(event);
  return frame(id, "The server asks", message,
    el("form", { novalidate: true, submit, keydown: keys }, asked.element,
      el("div", { class: "actions" }, el("button", { class: "primary" }, "Accept"), refusals(id))));
}

function address(id, { message, url }) {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isSafe = parsed?.protocol === "https:" || parsed?.protocol === "http:";
  const accept = () => answer(id, { action: "accept" });
  return frame(id, "The server sends you to a page", message,
    el("p", {}, "It is not part of this page. Open it only if you know where it leads:"),
    parsed && el("p", {}, el("strong", {}, visibleLine(parsed.host))),
    el("p", {}, el("code", {}, visible(url))),
    !isSafe && el("p", { class: "error" }, "This is no address of the web; it is not opened from here."),
    el("div", { class: "actions" },
      isSafe && el("a", {
        class: "button primary", href: parsed.href, target: "_blank", rel: "noopener noreferrer", click: accept,
      }, "Open and accept"),
      refusals(id)));
}
