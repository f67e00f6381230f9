// The frames of the connection as they are on the wire, beside a call or all of them.

import { on } from "./wire.js";
import { bytes, el, fill, folded, json, visibleLine } from "./text.js";

/** How many frames are kept, and shown in one place. */
const MOST = 1000;
/** After how many milliseconds a frame is shown. */
const SOON = 30;
/** As much of a frame as stands in its line. */
const PREVIEW = 160;

let frames = [];
let lastNumber = 0;
const views = new Set();

on("frame", (frame) => {
  // A stream that begins anew tells again what was there before.
  if (frame.number <= lastNumber) return;
  lastNumber = frame.number;
  frame.parsed = parse(frame.text);
  frames.push(frame);
  if (frames.length > MOST) frames = frames.slice(-MOST);
  for (const view of views) view.add(frame);
});

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What a frame is, in a few words. */
function title({ parsed, text }) {
  if (Array.isArray(parsed)) return `batch of ${parsed.length}`;
  if (typeof parsed?.method === "string") {
    return parsed.id === undefined ? parsed.method : `${parsed.method} #${parsed.id}`;
  }
  if (parsed?.error) return `error #${parsed.id}`;
  if (parsed && "result" in parsed) return `result #${parsed.id}`;
  // What is cut off is a message all the same.
  return text.startsWith("{") ? "a long message" : "no message";
}

function row(frame) {
  const arrow = frame.sent ? "→" : "←";
  const way = frame.sent ? "sent" : "received";
  // What every frame begins with is not worth its room.
  const preview = frame.text.slice(Math.max(0, frame.text.search(/"(params|result|error)"\s*:/))).slice(0, PREVIEW);
  const summary = [
    el("span", { class: `arrow ${way}`, title: way }, el("span", { "aria-hidden": "true" }, arrow), el("span", { class: "hidden" }, way)),
    el("span", { class: "what" }, visibleLine(title(frame))),
    el("span", { class: "hint" }, `${bytes(frame.bytes)} · ${(frame.at / 1000).toFixed(3)} s`),
    el("code", { class: "preview" }, visibleLine(preview)),
  ];
  const isCut = frame.bytes > new Blob([frame.text]).size;
  return el("li", {}, folded(summary, () => el("div", {},
    frame.parsed === null ? el("pre", { tabindex: "0" }, frame.text) : json(frame.text),
    isCut && el("p", { class: "note" }, `Only the beginning of its ${bytes(frame.bytes)} is shown.`))));
}

/** A list of frames: those after one number, and up to another once that is known. */
export class Frames {
  constructor(heading = "Frames") {
    this.rows = el("ol", { class: "rows" });
    this.count = el("span", { class: "count" }, "0");
    this.note = el("p", { class: "note" }, "What is sent and received appears here.");
    this.element = el("section", { class: "frames", "aria-label": heading },
      el("h3", {}, `${heading} `, this.count), this.note, this.rows);
    this.after = Infinity;
    this.until = Infinity;
    /** What came and is not shown yet. */
    this.pending = [];
    this.timer = 0;
    this.total = 0;
    this.missed = 0;
  }

  /** Shows the frames after this one as they come. */
  begin(after) {
    this.after = after;
    this.until = Infinity;
    fill(this.rows);
    this.pending = [];
    this.total = 0;
    this.missed = 0;
    this.expected = after + 1;
    this.tell();
    views.add(this);
    for (const frame of frames) this.add(frame);
  }

  /** The last frame that belongs here. */
  end(until) {
    this.until = until;
    views.delete(this);
    this.show();
  }

  add(frame) {
    if (frame.number <= this.after || frame.number > this.until) return;
    this.missed += Math.max(0, frame.number - this.expected);
    this.expected = frame.number + 1;
    this.total += 1;
    this.pending.push(frame);
    if (this.pending.length > MOST) this.pending.shift();
    // Many at once are shown at once.
    this.timer ||= setTimeout(() => this.show(), SOON);
  }

  show() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.rows.append(...this.pending.map(row));
    this.pending = [];
    while (this.rows.childElementCount > MOST) this.rows.firstElementChild.remove();
    this.tell();
  }

  tell() {
    fill(this.count, String(this.total));
    this.note.hidden = this.total > 0 && this.missed === 0;
    if (this.missed > 0) fill(this.note, `${this.missed} frames came too fast to be kept.`);
  }
}

/** The log messages among the frames after one number, as they come; the answer ends it. */
export function logs(after, show) {
  const view = {
    add({ number, parsed }) {
      if (number > after && parsed?.method === "notifications/message") show(parsed.params ?? {});
    },
  };
  views.add(view);
  frames.forEach((frame) => view.add(frame));
  return () => views.delete(view);
}

/** Calls `f` when the server says that one of its lists changed. */
export function onListChanged(f) {
  views.add({
    add({ sent, parsed }) {
      if (!sent && /^notifications\/\w+\/list_changed$/.test(parsed?.method ?? "")) f();
    },
  });
}
