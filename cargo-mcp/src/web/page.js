// The page: asks what the server offers, lists it, and shows the item that the address names.

import "./ask.js";
import { Frames, onListChanged } from "./frames.js";
import { address, mark, show } from "./list.js";
import { pane } from "./pane.js";
import { follow, get, on, post } from "./wire.js";
import { el, fill, json, visible, visibleLine } from "./text.js";

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const reload = document.getElementById("reload");
const level = document.getElementById("level");

let surface = null;
/** The items by their address. */
let items = new Map();
/** The panes that were opened, so that what was typed and answered stays: the item they were made of, and the element. */
const panes = new Map();
let everything = null;

const KINDS = [
  ["Tools", "tool", "tools", "name"],
  ["Prompts", "prompt", "prompts", "name"],
  ["Resources", "resource", "resources", "uri"],
  ["Resource templates", "template", "resourceTemplates", "uriTemplate"],
];

async function load() {
  reload.disabled = true;
  try {
    surface = await get("surface");
  } catch (error) {
    if (surface === null) fill(main, el("h2", { tabindex: "-1" }, "The server did not say what it offers"), el("p", { class: "error" }, error.message));
    state("bad", "the lists could not be read");
    return;
  } finally {
    reload.disabled = false;
  }
  items = new Map();
  const sections = KINDS.map(([title, kind, key, name]) => ({
    title,
    items: surface[key].map((item) => {
      items.set(address(kind, item[name]), { kind, item });
      return row(kind, item, item[name]);
    }),
  }));
  sections.push({ title: "Connection", items: [
    { kind: "connection", name: "server", label: "Server", words: "server" },
    { kind: "connection", name: "frames", label: "All frames", words: "all frames" },
  ] });
  const { name = "server", title, version = "" } = surface.serverInfo ?? {};
  fill(document.getElementById("server"), `${visibleLine(title ?? name)} ${visibleLine(version)}`);
  document.title = `${visibleLine(title ?? name)} · cargo mcp inspect`;
  document.querySelector(".level").hidden = !surface.capabilities.logging;
  state("good", `connected, ${surface.protocolVersion}`);
  show(sections, location.hash);
  go();
}

function row(kind, item, name) {
  const note = item.title ?? item.annotations?.title ?? item.description?.split("\n")[0];
  const label = kind === "resource" || kind === "template" ? item.name ?? name : name;
  return { kind, name, label, note: note ?? (label === name ? null : name), words: [name, item.name, item.title, item.description].filter(Boolean).join(" ") };
}

function state(value, text) {
  connection.dataset.state = value;
  fill(connection, text);
}

/** Shows what the address names. */
function go() {
  if (surface === null) return;
  const hash = location.hash;
  document.body.dataset.view = hash === "" ? "list" : "item";
  mark(hash);
  const found = items.get(hash);
  const element = found ? paneOf(hash, found) : hash === address("connection", "frames") ? allFrames() : elsewhere(hash);
  if (main.firstElementChild !== element) fill(main, element);
}

function paneOf(hash, { kind, item }) {
  const known = panes.get(hash);
  const made = JSON.stringify(item);
  if (known?.made === made) return known.element;
  const element = pane(kind, item, { canComplete: Boolean(surface.capabilities.completions) });
  panes.set(hash, { made, element });
  return element;
}

/** A resource that a result links to need not be in a list; anything else that is not there is the server itself. */
function elsewhere(hash) {
  const uri = /^#resource\/(.+)$/.exec(hash)?.[1];
  if (!uri) return about();
  return paneOf(hash, { kind: "resource", item: { uri: decode(uri), description: "A resource that is not in the list." } });
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function allFrames() {
  if (everything === null) {
    everything = new Frames("All frames");
    everything.begin(0);
  }
  return everything.element;
}

function about() {
  const { serverInfo, protocolVersion, instructions, capabilities } = surface;
  const rows = [
    ["Name", serverInfo?.name], ["Title", serverInfo?.title], ["Version", serverInfo?.version],
    ["Description", serverInfo?.description], ["Website", serverInfo?.websiteUrl], ["Revision", protocolVersion],
    ...KINDS.map(([title, , key]) => [title, String(surface[key].length)]),
  ].filter(([, value]) => value);
  return el("article", { "aria-label": "Server" }, el("div", { class: "work" },
    el("h2", { tabindex: "-1" }, visibleLine(serverInfo?.title ?? serverInfo?.name ?? "A server that does not say its name")),
    el("dl", {}, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, visible(value))))),
    instructions && [el("h3", {}, "Instructions"), el("pre", { tabindex: "0" }, visible(instructions))],
    el("h3", {}, "Capabilities"), json(capabilities)));
}

addEventListener("hashchange", () => {
  const wanted = location.hash;
  go();
  // Whoever chose an item goes on with its form.
  if (wanted !== "") (main.querySelector("h2, h3") ?? main).focus({ preventScroll: true });
  main.scrollTop = 0;
  if (getComputedStyle(document.querySelector(".back")).display !== "none") scrollTo(0, 0);
});

reload.addEventListener("click", load);

level.addEventListener("change", (event) => {
  post("level", JSON.stringify({ level: event.target.value })).catch((error) => state("bad", error.message));
});

let soon = 0;
onListChanged(() => {
  clearTimeout(soon);
  soon = setTimeout(load, 300);
});

document.querySelector(".skip").addEventListener("click", (event) => {
  // The address names an item; it must stay.
  event.preventDefault();
  (main.querySelector("h2, h3") ?? main).focus();
});

on("lost", ({ message }) => state("bad", message ?? "cargo mcp is gone"));
// The stream came back: so may the server have, with other lists.
on("page", (event) => {
  level.value = event.level;
  load();
});

follow();
