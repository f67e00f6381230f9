// One item: what it is, its form, and what comes of a call beside the frames that it was made of.

import { form } from "./form.js";
import { Frames, logs } from "./frames.js";
import { failed, shown } from "./result.js";
import { call, post } from "./wire.js";
import { el, fill, folded, json, visible, visibleLine } from "./text.js";
import { expand, variables } from "./uri.js";

/** The annotations of a tool that people should know before they call. */
const BADGES = [
  ["readOnlyHint", true, "read-only"],
  ["destructiveHint", true, "destructive"],
  ["idempotentHint", true, "idempotent"],
  ["openWorldHint", true, "open world"],
];

/** How items of a kind are called: the schema of the form, the word on the button, and the request of what was typed. */
const KINDS = {
  tool: (item) => ({
    title: item.name,
    schema: item.inputSchema ?? {},
    verb: "Call",
    request: (text) => `{"tool":{"name":${JSON.stringify(item.name)},"arguments":${text}}}`,
  }),
  prompt: (item) => ({
    title: item.name,
    schema: texts((item.arguments ?? []).map(({ name, description, required }) => ({ name, description, isOptional: !required }))),
    reference: { type: "ref/prompt", name: item.name },
    verb: "Render",
    request: (text) => `{"prompt":{"name":${JSON.stringify(item.name)},"arguments":${text}}}`,
  }),
  template: (item) => ({
    title: item.uriTemplate,
    schema: texts(variables(item.uriTemplate)),
    reference: { type: "ref/resource", uri: item.uriTemplate },
    verb: "Read",
    request: (text) => `{"resource":{"uri":${JSON.stringify(expand(item.uriTemplate, JSON.parse(text)))}}}`,
  }),
  resource: (item) => ({
    title: item.uri,
    schema: {},
    verb: "Read",
    request: () => `{"resource":{"uri":${JSON.stringify(item.uri)}}}`,
  }),
};

/** The schema of an object of texts. */
function texts(fields) {
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(({ name, description }) => [name, { type: "string", description }])),
    required: fields.filter(({ isOptional }) => !isOptional).map(({ name }) => name),
  };
}

/** The pane of an item. */
export function pane(kind, item, { canComplete }) {
  const about = KINDS[kind](item);
  const complete = about.reference && canComplete
    ? (name, typed) => suggestions(about.reference, name, typed, fields)
    : undefined;
  const fields = form(about.schema, { complete });
  const run = new Run(kind, about, fields);
  return el("article", { "aria-label": `${kind} ${visibleLine(about.title)}` },
    el("div", { class: "work" }, head(kind, item, about), run.element, run.outcome),
    run.frames.element);
}

async function suggestions(reference, argument, typed, fields) {
  const { [argument]: _, ...known } = fields.typed();
  const { values } = await post("complete", JSON.stringify({ reference, argument, typed, known }));
  return values;
}

function head(kind, item, about) {
  const badges = BADGES.filter(([key, value]) => item.annotations?.[key] === value).map(([, , word]) =>
    el("span", { class: `badge ${word}` }, word));
  const title = item.title ?? item.annotations?.title ?? (kind === "resource" || kind === "template" ? item.name : undefined);
  return [
    el("h2", { tabindex: "-1" }, visibleLine(about.title)),
    (title && title !== about.title || badges.length > 0 || item.mimeType) && el("p", { class: "sub" },
      title && title !== about.title && el("span", {}, visibleLine(title)), badges,
      item.mimeType && el("span", { class: "hint" }, visibleLine(item.mimeType))),
    item.description && el("p", { class: "about" }, visible(item.description)),
    item.inputSchema && folded("Schemas", () => el("div", {},
      el("h4", {}, "Input"), json(item.inputSchema),
      item.outputSchema && [el("h4", {}, "Output"), json(item.outputSchema)])),
  ];
}

/** The form and what comes of it. */
class Run {
  constructor(kind, about, fields) {
    Object.assign(this, { kind, about, fields, giveUp: null });
    this.frames = new Frames();
    this.go = el("button", { class: "primary", title: "Ctrl+Enter" }, about.verb);
    this.stop = el("button", { type: "button", disabled: true, click: () => this.giveUp?.() }, "Cancel");
    this.turn = el("button", { type: "button", class: "quiet", "aria-pressed": String(fields.isText()), click: () => this.change() }, "As JSON");
    this.turn.hidden = kind !== "tool";
    this.element = el("form", { novalidate: true, submit: (event) => this.submit(event), keydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.submit(event);
    } },
    fields.count === 0 && !fields.isText() && kind !== "resource" && el("p", { class: "note" }, "It takes no arguments."),
    fields.element,
    el("div", { class: "actions" }, this.go, this.stop, this.turn));
    this.status = el("p", { class: "status", role: "status" });
    this.progress = el("div", { class: "progress" });
    this.log = el("ol", { class: "log", "aria-label": "Log messages" });
    this.body = el("div", { class: "result" });
    this.outcome = el("section", { class: "outcome", "aria-label": "Result" }, this.status, this.progress, this.log, this.body);
  }

  change() {
    if (this.fields.turn()) this.turn.setAttribute("aria-pressed", String(this.fields.isText()));
  }

  submit(event) {
    event.preventDefault();
    if (this.giveUp) return;
    const text = this.fields.read();
    if (text === null) {
      this.say("Nothing was sent: some of the fields need another look.", "bad");
      return;
    }
    fill(this.body);
    fill(this.log);
    fill(this.progress);
    this.say("Waiting for the server…", "busy");
    this.stop.disabled = false;
    this.go.setAttribute("aria-disabled", "true");
    this.giveUp = call(this.about.request(text), (event) => this.hear(event));
  }

  hear(event) {
    switch (event.type) {
      case "begun":
        this.frames.begin(event.after);
        this.endLog = logs(event.after, (message) => this.note(message));
        break;
      case "progress": return this.advance(event);
      case "result": {
        const isError = event.result.isError === true;
        fill(this.body, shown(this.kind, event));
        this.say(`${isError ? "The tool failed" : "Done"} in ${event.milliseconds} ms`, isError ? "bad" : "good");
        return this.end(event);
      }
      case "error":
        fill(this.body, failed(event));
        this.say(event.milliseconds === undefined ? "Failed" : `Failed after ${event.milliseconds} ms`, "bad");
        return this.end(event);
      case "cancelled":
        this.say("Cancelled: the server was told that nobody waits any more.", "bad");
        return this.end({});
    }
    return undefined;
  }

  end({ until }) {
    this.giveUp = null;
    const hadFocus = document.activeElement === this.stop;
    this.stop.disabled = true;
    this.go.removeAttribute("aria-disabled");
    if (hadFocus) this.go.focus();
    this.endLog?.();
    // What was cancelled is still told to the server, in a frame that comes a moment later.
    if (until === undefined) setTimeout(() => !this.giveUp && this.frames.end(Infinity), 1000);
    else this.frames.end(until);
  }

  say(text, state) {
    this.status.dataset.state = state;
    fill(this.status, text);
  }

  advance({ progress, total, message }) {
    const bar = el("progress", { "aria-label": "Progress of the call" });
    if (total !== null && total !== undefined) {
      bar.max = Number(total);
      bar.value = Number(progress);
    }
    const count = total === null || total === undefined ? String(progress) : `${progress} of ${total}`;
    fill(this.progress, bar, el("span", {}, [count, message && visibleLine(message)].filter(Boolean).join(" · ")));
  }

  note({ level, logger, data }) {
    if (this.log.childElementCount >= 500) this.log.firstElementChild.remove();
    const text = typeof data === "string" ? data : JSON.stringify(data);
    this.log.append(el("li", { class: visibleLine(level) },
      el("span", { class: "level" }, visibleLine(level)), " ", logger && el("span", { class: "hint" }, `${visibleLine(logger)} `), visible(text ?? "")));
  }
}
