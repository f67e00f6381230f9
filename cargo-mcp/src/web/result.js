// What came of a call: texts, pictures, sounds, resources, structured content, messages of a prompt, errors.

import { address } from "./list.js";
import { bytes, el, folded, json, layout, visible, visibleLine } from "./text.js";

const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;
const PICTURE = /^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)$/;
const SOUND = /^audio\/[\w.+-]{1,40}$/;

/** The elements that show the result of a call of this kind. */
export function shown(kind, { result, structured }) {
  switch (kind) {
    case "tool": return tool(result, structured);
    case "prompt": return [
      result.description && el("p", {}, result.description),
      (result.messages ?? []).map(({ role, content }) =>
        el("section", { class: "message" }, el("h4", {}, visibleLine(role)), block(content))),
      meta(result),
    ];
    default: return [(result.contents ?? []).map(contents), meta(result)];
  }
}

function tool(result, structured) {
  const blocks = result.content ?? [];
  // Servers repeat structured content as text for those who read only text.
  const isRepeated = structured && blocks.length === 1 && blocks[0].type === "text" && isSame(blocks[0].text, structured);
  return [
    structured && el("section", { class: "structured" }, el("h4", {}, "Structured content"), json(structured)),
    isRepeated
      ? folded("The same as text", () => block(blocks[0]))
      : blocks.map(block),
    !structured && blocks.length === 0 && el("p", { class: "note" }, "The result is empty."),
    meta(result),
  ];
}

function isSame(text, structured) {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(JSON.parse(structured));
  } catch {
    return false;
  }
}

function meta(result) {
  return result._meta && folded("_meta", () => json(result._meta));
}

/** One piece of content. */
function block(content) {
  switch (content?.type) {
    case "text": return text(content.text);
    case "image":
    case "audio": return media(content.data, content.mimeType);
    case "resource": return contents(content.resource);
    case "resource_link": return el("section", { class: "resource" },
      el("p", {}, el("a", { href: address("resource", content.uri) }, visibleLine(content.title ?? content.name ?? content.uri)), " ",
        el("code", {}, visibleLine(content.uri)), content.mimeType && [" ", el("span", { class: "hint" }, content.mimeType)]),
      content.description && el("p", { class: "description" }, content.description));
    default: return el("section", {}, el("h4", {}, "Content of an unknown kind"), json(content));
  }
}

function contents(resource) {
  const size = resource.text === undefined ? media(resource.blob, resource.mimeType) : text(resource.text, resource.mimeType);
  return el("section", { class: "resource" },
    el("p", {}, el("code", {}, visibleLine(resource.uri ?? "")), resource.mimeType && [" ", el("span", { class: "hint" }, resource.mimeType)]),
    size);
}

function text(value, mime) {
  const isJson = /[/+]json$/.test(mime ?? "");
  return el("pre", { tabindex: "0" }, visible(isJson ? layout(value) : value));
}

function media(data, mime = "application/octet-stream") {
  const size = Math.floor((data ?? "").replace(/[\s=]/g, "").length * 3 / 4);
  const note = `${visibleLine(mime)}, ${bytes(size)}`;
  if (typeof data !== "string" || !BASE64.test(data)) return el("p", { class: "error" }, `${note}: the data is no Base64`);
  const url = (type) => `data:${type};base64,${data.replace(/\s/g, "")}`;
  const save = el("a", { href: url("application/octet-stream"), download: `content.${extension(mime)}` }, "Save");
  const caption = el("figcaption", {}, note, " ", save);
  if (PICTURE.test(mime)) {
    const picture = el("img", { alt: `picture of the result, ${note}`, src: url(mime) });
    return el("figure", {}, picture, caption);
  }
  if (SOUND.test(mime)) return el("figure", {}, el("audio", { controls: true, src: url(mime), "aria-label": note }), caption);
  return el("figure", {}, caption);
}

function extension(mime) {
  return /^[\w.-]+\/([a-z0-9]{1,8})/.exec(mime)?.[1] ?? "bin";
}

/** A JSON-RPC error, or that no answer came. */
export function failed({ code, message, data }) {
  return [
    el("p", { class: "error" }, code === undefined ? message : `JSON-RPC error ${code}: ${message}`),
    data !== null && data !== undefined && el("section", {}, el("h4", {}, "Data of the error"), json(data)),
  ];
}
