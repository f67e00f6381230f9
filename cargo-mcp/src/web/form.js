// Forms made of JSON Schemas. A form is read as JSON text, so that a number keeps every digit that was typed.
//
// Every field is `{ element, read, set, isEmpty }`: `read(problems)` gives JSON text, or `undefined` for what is left out, and
// notes what is wrong, beside the field too; `set` takes a value.

import { choices, countProblem, hasFields, hint, isOpen, kindOf, numberProblem, reduce, textProblem } from "./schema.js";
import { el, fill, layout, unique, visible } from "./text.js";

/** How many items a list of a form takes; longer ones are typed as JSON. */
const ITEMS = 200;

/** A form for the members of an object. `options.complete(name, typed, known)` may suggest values for its texts. */
export function form(schema, options = {}) {
  const top = reduce(schema, schema).schema;
  const fields = hasFields(top) ? top : {};
  const body = members(fields, { root: schema, depth: 0, ...options });
  const area = jsonField({ name: "Arguments as JSON", isRequired: true, labelled: { hint: "an object", rows: 10 } });
  area.element.hidden = true;
  const element = el("div", { class: "form" }, body.element, area.element);
  const isText = () => !area.element.hidden;
  const form = {
    element,
    isEmpty: body.isEmpty,
    count: body.count,
    isText,
    set: body.set,
    /** What is typed in the fields for texts, whether it will do or not. */
    typed: body.typed,
    /** The JSON text, or `null` after showing what is wrong and going there. */
    read() {
      const problems = [];
      const text = (isText() ? area : body).read(problems);
      if (isText() && problems.length === 0 && !text.startsWith("{")) problems.push(area.show("must be an object: {…}"));
      problems[0]?.focus();
      return problems.length > 0 ? null : text ?? "{}";
    },
    /** Changes between fields and JSON; says whether it did. */
    turn() {
      if (!isText()) {
        // What is wrong is allowed here: that is what the text is for.
        const text = body.read([]) ?? "{}";
        body.clear();
        area.put(layout(text));
      } else {
        const problems = [];
        const text = area.read(problems);
        if (problems.length > 0) {
          problems[0].focus();
          return false;
        }
        body.set(JSON.parse(text));
      }
      area.element.hidden = !area.element.hidden;
      body.element.hidden = !body.element.hidden;
      return true;
    },
  };
  // What has no fields and takes something all the same is typed.
  if (fields !== top && isOpen(top)) form.turn();
  return form;
}

/** The fields of an object's members, without anything around them. */
function members(schema, context) {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, member]) => [
    name,
    field(member, { ...context, name, isRequired: required.has(name), depth: context.depth + 1 }),
  ]);
  const known = new Set(fields.map(([name]) => name));
  /** What was set and has no field; it is sent along. */
  let others = {};
  return {
    element: el("div", { class: "members" }, fields.map(([, one]) => one.element)),
    count: fields.length,
    isEmpty: () => fields.every(([, one]) => one.isEmpty()) && Object.keys(others).length === 0,
    read(problems) {
      const read = fields.map(([name, one]) => [name, one.read(problems)]).filter(([, text]) => text !== undefined);
      const rest = Object.entries(others).map(([name, value]) => [name, JSON.stringify(value)]);
      return `{${[...read, ...rest].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
    },
    set(value) {
      const given = value !== null && typeof value === "object" ? value : {};
      for (const [name, one] of fields) one.set(Object.hasOwn(given, name) ? given[name] : undefined);
      others = Object.fromEntries(Object.entries(given).filter(([name]) => !known.has(name)));
    },
    typed: () => Object.fromEntries(fields.map(([name, one]) => [name, one.typed?.()]).filter(([, text]) => text)),
    clear: () => fields.forEach(([, one]) => one.clear?.()),
  };
}

const MAKERS = {
  choice: choiceField,
  choices: choicesField,
  text: textField,
  number: numberField,
  boolean: booleanField,
  object: objectField,
  list: listField,
  json: jsonField,
};

function field(schema, context) {
  const { schema: reduced, isNullable } = reduce(schema, context.root);
  const kind = kindOf(reduced, context.root, context.depth);
  const labelled = {
    hint: hint(reduced, kind),
    label: (context.byTitle && reduced.title) || context.name,
    description: reduced.description,
  };
  const made = MAKERS[kind]({ ...context, schema: reduced, isNullable, labelled });
  if (reduced.default !== undefined) made.set(reduced.default);
  return made;
}

/** A control with its label, description and place for errors; and `settle`, which says what is wrong. */
function labelled(control, { name, labelled, isRequired }) {
  const { label = name, hint, description } = labelled;
  const [error, about] = [el("p", { class: "error", id: unique(), hidden: true }), unique()];
  control.id = unique();
  control.setAttribute("aria-describedby", description ? `${about} ${error.id}` : error.id);
  if (isRequired) control.setAttribute("aria-required", "true");
  const element = el("div", { class: "field" },
    el("label", { for: control.id }, caption(label, isRequired, hint)),
    description && el("p", { class: "description", id: about }, description),
    control, error);
  return { element, ...errors(error, control) };
}

function caption(label, isRequired, hint) {
  return [
    el("span", { class: "name" }, visible(label)),
    isRequired && el("abbr", { title: "required" }, "*"),
    hint && el("span", { class: "hint" }, hint),
  ];
}

function errors(error, control) {
  const show = (text) => {
    error.hidden = false;
    fill(error, text);
    control.setAttribute("aria-invalid", "true");
    return { text, focus: () => control.focus() };
  };
  const clear = () => {
    error.hidden = true;
    control.removeAttribute("aria-invalid");
  };
  control.addEventListener("input", clear);
  /** Shows what is wrong, or that nothing is. */
  const settle = (problem, problems) => {
    clear();
    if (problem) problems.push(show(problem));
  };
  return { show, clear, settle };
}

/** What an empty field is worth: nothing, `null`, or a mistake. */
function absent({ isRequired, isNullable }, settle, problems) {
  if (isRequired && isNullable) return "null";
  settle(isRequired ? "is required" : null, problems);
  return undefined;
}

function written(control, context, judge) {
  const parts = labelled(control, context);
  const read = (problems) => {
    if (control.value === "") return absent(context, parts.settle, problems);
    const { problem, text } = judge(control.value);
    parts.settle(problem, problems);
    return problem ? undefined : text;
  };
  // Told when the field is left, not while somebody types.
  control.addEventListener("change", () => afterPress(() => control.value !== "" && read([])));
  return {
    ...parts,
    read,
    isEmpty: () => control.value === "",
    typed: () => control.value,
    put(text) {
      parts.clear();
      control.value = text;
    },
    set(value) {
      const isNothing = value === undefined || (value === null && !context.isJson);
      const isText = typeof value === "string" && !context.isJson;
      this.put(isNothing ? "" : isText ? value : layout(JSON.stringify(value)));
    },
  };
}

let isPressed = false;
for (const [event, is] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]]) {
  document.addEventListener(event, () => { isPressed = is; }, true);
}

/** Does something that moves what is below, but not under a finger that is about to press a button there. */
function afterPress(act) {
  if (isPressed) document.addEventListener("pointerup", () => setTimeout(act), { once: true });
  else act();
}

function textField(context) {
  const { schema, name, complete } = context;
  if (!complete) {
    const control = el("textarea", { rows: "1", spellcheck: "false", autocomplete: "off" });
    return written(control, context, (text) => ({ problem: textProblem(text, schema), text: JSON.stringify(text) }));
  }
  const suggestions = el("datalist", { id: unique() });
  const control = el("input", { spellcheck: "false", autocomplete: "off", list: suggestions.id });
  let latest = 0;
  control.addEventListener("input", async () => {
    const turn = ++latest;
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (turn !== latest) return;
    const values = await complete(name, control.value).catch(() => []);
    if (turn === latest) fill(suggestions, values.map((value) => el("option", { value })));
  });
  const made = written(control, context, (text) => ({ problem: textProblem(text, schema), text: JSON.stringify(text) }));
  made.element.append(suggestions);
  return made;
}

function numberField(context) {
  const mode = context.schema.type === "integer" ? "numeric" : "decimal";
  const control = el("input", { inputmode: mode, autocomplete: "off", class: "short" });
  return written(control, context, (typed) => {
    const text = typed.trim();
    return { problem: numberProblem(text, context.schema), text };
  });
}

function jsonField(context) {
  const rows = context.labelled.rows ?? 3;
  const control = el("textarea", { rows: String(rows), spellcheck: "false", autocomplete: "off", class: "json" });
  return written(control, { ...context, isJson: true }, (text) => {
    try {
      JSON.parse(text);
      return { text: text.trim() };
    } catch (error) {
      return { problem: `is no JSON: ${error.message}` };
    }
  });
}

function booleanField(context) {
  if (!context.isRequired || context.isNullable) {
    const all = [true, false].map((value) => ({ value, label: String(value) }));
    return select(all, context);
  }
  const control = el("input", { type: "checkbox" });
  const parts = labelled(control, context);
  parts.element.classList.add("check");
  return {
    ...parts,
    read: () => String(control.checked),
    isEmpty: () => !control.checked,
    set: (value) => { control.checked = value === true; },
  };
}

function choiceField(context) {
  return select(choices(context.schema, context.root), context);
}

function select(all, context) {
  const control = el("select", {},
    el("option", { value: "" }, context.isRequired && !context.isNullable ? "choose…" : "not set"),
    all.map(({ label }, at) => el("option", { value: String(at) }, label)));
  const parts = labelled(control, context);
  const find = (value) => all.findIndex((one) => JSON.stringify(one.value) === JSON.stringify(value));
  return {
    ...parts,
    read(problems) {
      if (control.value === "") return absent(context, parts.settle, problems);
      parts.settle(null, problems);
      return JSON.stringify(all[Number(control.value)].value);
    },
    isEmpty: () => control.value === "",
    set(value) {
      parts.clear();
      const at = find(value);
      control.value = at < 0 ? "" : String(at);
    },
  };
}

/** A group of controls with its legend, description and place for errors. */
function group(context, ...children) {
  const { label, hint, description } = context.labelled;
  const [error, about] = [el("p", { class: "error", id: unique(), hidden: true }), unique()];
  const element = el("fieldset", { tabindex: "-1", "aria-describedby": description ? `${about} ${error.id}` : error.id },
    el("legend", {}, caption(label ?? context.name, context.isRequired, hint)),
    description && el("p", { class: "description", id: about }, description),
    children, error);
  return { element, ...errors(error, element) };
}

function choicesField(context) {
  const { schema, root } = context;
  const all = choices(reduce(schema.items, root).schema, root);
  const boxes = all.map(() => el("input", { type: "checkbox" }));
  const rows = all.map(({ label }, at) => el("label", { class: "option" }, boxes[at], " ", label));
  const parts = group(context, el("div", { class: "options" }, rows));
  const chosen = () => all.filter((_, at) => boxes[at].checked).map(({ value }) => JSON.stringify(value));
  return {
    ...parts,
    isEmpty: () => chosen().length === 0,
    read(problems) {
      const values = chosen();
      if (values.length === 0 && !context.isRequired) return parts.settle(null, problems);
      parts.settle(countProblem(values.length, schema), problems);
      return `[${values.join(",")}]`;
    },
    set(value) {
      parts.clear();
      const wanted = Array.isArray(value) ? value.map((one) => JSON.stringify(one)) : [];
      boxes.forEach((box, at) => { box.checked = wanted.includes(JSON.stringify(all[at].value)); });
    },
  };
}

function objectField(context) {
  const inner = members(context.schema, { ...context, complete: undefined });
  const parts = group(context, inner.element);
  return {
    ...parts,
    isEmpty: inner.isEmpty,
    read(problems) {
      if (inner.isEmpty() && !context.isRequired) return inner.clear();
      return inner.read(problems);
    },
    set: inner.set,
    clear: inner.clear,
  };
}

function listField(context) {
  const { schema } = context;
  const name = context.labelled.label ?? context.name;
  let items = [];
  const rows = el("ol", { class: "items" });
  const add = (value) => {
    const made = field(schema.items, {
      ...context, name: `${name} ${items.length + 1}`, isRequired: true, depth: context.depth + 1, complete: undefined,
    });
    if (value !== undefined) made.set(value);
    const remove = el("button", { type: "button", class: "small", "aria-label": `Remove item ${items.length + 1} of ${name}` }, "Remove");
    const row = el("li", {}, made.element, remove);
    const item = { made, row };
    remove.addEventListener("click", () => {
      items = items.filter((one) => one !== item);
      row.remove();
      more.focus();
    });
    items.push(item);
    rows.append(row);
    return made;
  };
  const more = el("button", { type: "button", class: "small", click: () => {
    if (items.length < ITEMS) add().element.querySelector("input, textarea, select")?.focus();
  } }, `Add to ${name}`);
  const parts = group(context, rows, more);
  return {
    ...parts,
    isEmpty: () => items.length === 0,
    read(problems) {
      if (items.length === 0 && !context.isRequired) return parts.settle(null, problems);
      parts.settle(countProblem(items.length, schema), problems);
      return `[${items.map(({ made }) => made.read(problems)).filter((text) => text !== undefined).join(",")}]`;
    },
    set(value) {
      parts.clear();
      items = [];
      fill(rows);
      if (Array.isArray(value)) value.slice(0, ITEMS).forEach(add);
    },
  };
}
