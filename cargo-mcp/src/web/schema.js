// What a JSON Schema asks for, as far as a form can show it. What it cannot is typed as JSON. Knows no elements.

/** How deep objects and lists may lie in each other; what is deeper, and every schema that contains itself, is JSON. */
const DEEPEST = 5;
/** How many members of an object get fields of their own. */
const MEMBERS = 200;
/** How many `$ref`s are followed from one place. */
const HOPS = 16;

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** The schema without references, and without what only says that it may be null. */
export function reduce(schema, root) {
  let current = isObject(schema) ? schema : {};
  let isNullable = false;
  for (let hop = 0; hop < HOPS; hop++) {
    if (typeof current.$ref === "string") {
      const { $ref, ...own } = current;
      current = { ...lookup($ref, root), ...own };
      continue;
    }
    if (Array.isArray(current.allOf) && current.allOf.length === 1 && isObject(current.allOf[0])) {
      const { allOf, ...own } = current;
      current = { ...allOf[0], ...own };
      continue;
    }
    const key = Array.isArray(current.anyOf) ? "anyOf" : "oneOf";
    const branches = current[key];
    if (Array.isArray(branches)) {
      const others = branches.filter((branch) => !(isObject(branch) && branch.type === "null"));
      if (others.length === 1 && isObject(others[0])) {
        isNullable ||= branches.length > 1;
        const { [key]: _, ...own } = current;
        current = { ...others[0], ...own };
        continue;
      }
    }
    if (Array.isArray(current.type) && current.type.includes("null")) {
      isNullable = true;
      const types = current.type.filter((type) => type !== "null");
      current = { ...current, type: types.length === 1 ? types[0] : types };
    }
    break;
  }
  return { schema: current, isNullable };
}

function lookup(reference, root) {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return {};
  let found = root;
  for (const part of reference.slice(2).split("/")) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) || Array.isArray(found) ? found[name] : undefined;
  }
  return isObject(found) ? found : {};
}

/** The values that a schema lists, with the names that people read: `[{ value, label }]`, or nothing. */
export function choices(schema, root) {
  if ("const" in schema) return [{ value: schema.const, label: schema.title ?? label(schema.const) }];
  if (Array.isArray(schema.enum)) {
    const names = Array.isArray(schema.enumNames) ? schema.enumNames : [];
    return schema.enum.map((value, at) => ({ value, label: names[at] ?? label(value) }));
  }
  const branches = schema.oneOf ?? schema.anyOf;
  if (!Array.isArray(branches) || branches.length === 0) return null;
  const all = branches.map((branch) => reduce(branch, root).schema);
  if (!all.every((branch) => "const" in branch || (Array.isArray(branch.enum) && branch.enum.length > 0))) return null;
  return all.flatMap((branch) => choices(branch, root));
}

function label(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Which kind of field fits: `choice`, `choices`, `text`, `number`, `boolean`, `object`, `list` or `json`. */
export function kindOf(schema, root, depth) {
  if (choices(schema, root)) return "choice";
  if (schema.anyOf || schema.oneOf || schema.not) return "json";
  const type = schema.type ?? (isObject(schema.properties) ? "object" : undefined);
  switch (type) {
    case "string": return "text";
    case "integer":
    case "number": return "number";
    case "boolean": return "boolean";
    case "object": return hasFields(schema) && depth < DEEPEST ? "object" : "json";
    case "array": {
      if (!isObject(schema.items) || schema.prefixItems || depth >= DEEPEST) return "json";
      const items = reduce(schema.items, root).schema;
      if (schema.uniqueItems !== false && choices(items, root)) return "choices";
      return "list";
    }
    default: return "json";
  }
}

/** Whether the members of an object get fields. */
export function hasFields(schema) {
  const count = isObject(schema.properties) ? Object.keys(schema.properties).length : 0;
  return count > 0 && count <= MEMBERS;
}

/** Whether an object without fields says that it takes something. */
export function isOpen(schema) {
  const keywords = ["anyOf", "oneOf", "allOf", "patternProperties", "required"];
  const hasMembers = isObject(schema.properties) && Object.keys(schema.properties).length > 0;
  return hasMembers || keywords.some((key) => key in schema) || schema.additionalProperties === true || isObject(schema.additionalProperties);
}

/** A few words on what a value must be like. */
export function hint(schema, kind) {
  const parts = [];
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (kind === "number") parts.push(schema.type);
  if (kind === "text" && schema.format) parts.push(schema.format);
  if (kind === "list") parts.push("list");
  if (kind === "json") parts.push("JSON");
  if (minimum !== undefined && maximum !== undefined) parts.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) parts.push(`at least ${minimum}`);
  else if (maximum !== undefined) parts.push(`at most ${maximum}`);
  if (typeof exclusiveMinimum === "number") parts.push(`more than ${exclusiveMinimum}`);
  if (typeof exclusiveMaximum === "number") parts.push(`less than ${exclusiveMaximum}`);
  if (schema.maxLength !== undefined) parts.push(`up to ${schema.maxLength} characters`);
  return parts.join(", ");
}

/** What is wrong with a number, which is JSON text. */
export function numberProblem(text, schema) {
  if (schema.type === "integer" && !/^-?(0|[1-9]\d*)$/.test(text)) return "must be an integer, such as 3";
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return "must be a number, such as 3 or 0.5";
  const value = Number(text);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (minimum !== undefined && value < minimum) return `must be at least ${minimum}`;
  if (maximum !== undefined && value > maximum) return `must be at most ${maximum}`;
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) return `must be more than ${exclusiveMinimum}`;
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) return `must be less than ${exclusiveMaximum}`;
  if (multipleOf > 0 && Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9) {
    return `must be a multiple of ${multipleOf}`;
  }
  return null;
}

const FORMATS = {
  email: [(text) => /^[^@\s]+@[^@\s]+$/.test(text), "an address, such as ada@example.com"],
  uri: [(text) => URL.canParse(text), "a URI, such as https://example.com/"],
  date: [(text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)), "a date, such as 2026-01-31"],
  "date-time": [
    (text) => /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text)),
    "a date and time, such as 2026-01-31T12:00:00Z",
  ],
};

/** What is wrong with a text. */
export function textProblem(text, schema) {
  const length = [...text].length;
  if (schema.minLength !== undefined && length < schema.minLength) {
    return `must have at least ${schema.minLength} characters, has ${length}`;
  }
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    return `must have at most ${schema.maxLength} characters, has ${length}`;
  }
  const [isFormat, like] = (Object.hasOwn(FORMATS, schema.format) && FORMATS[schema.format]) || [() => true, ""];
  if (!isFormat(text)) return `must be ${like}`;
  if (typeof schema.pattern === "string" && !matches(text, schema.pattern)) return `must match ${schema.pattern}`;
  return null;
}

function matches(text, pattern) {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    // A pattern that this browser does not know is the server's to judge by.
    return true;
  }
}

/** What is wrong with a list of that many. */
export function countProblem(count, schema) {
  if (schema.minItems !== undefined && count < schema.minItems) return `needs at least ${schema.minItems}, has ${count}`;
  if (schema.maxItems !== undefined && count > schema.maxItems) return `takes at most ${schema.maxItems}, has ${count}`;
  return null;
}
