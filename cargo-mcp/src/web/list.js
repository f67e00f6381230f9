// The list of what a server offers: a filter, and links that the arrow keys go through.

import { el, fill, visibleLine } from "./text.js";

const list = document.getElementById("list");
const filter = document.getElementById("filter");

/** The address of an item on the page. */
export function address(kind, name) {
  return `#${kind}/${encodeURIComponent(name)}`;
}

/** Shows sections of items: `{ title, items: [{ kind, name, label, note, words }] }`. */
export function show(sections, current) {
  const sectionOf = ({ title, items }) => {
    const rows = items.map((item) => {
      const link = el("a", { href: address(item.kind, item.name), tabindex: "-1" },
        el("span", { class: "name" }, visibleLine(item.label)),
        item.note && el("span", { class: "note" }, visibleLine(item.note)));
      const row = el("li", {}, link);
      row.dataset.words = item.words.toLowerCase();
      return row;
    });
    const heading = el("h2", {}, `${title} `, el("span", { class: "count" }, String(items.length)));
    return items.length > 0 && el("section", { "aria-label": title }, heading, el("ul", {}, rows));
  };
  fill(list, sections.map(sectionOf), el("p", { class: "note", id: "none", hidden: true }, "Nothing here has that name."));
  narrow();
  mark(current);
}

/** Marks the item that is shown. Of all links only one is reached by the tab key; the others by the arrows. */
export function mark(current) {
  const links = [...list.querySelectorAll("a")];
  for (const link of links) {
    const isCurrent = link.getAttribute("href") === current;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    link.tabIndex = -1;
  }
  const first = links.find((link) => link.hasAttribute("aria-current") && isShown(link)) ?? links.find(isShown);
  if (first) first.tabIndex = 0;
}

function isShown(link) {
  return !link.closest("[hidden]");
}

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const section of list.querySelectorAll("section")) {
    let left = 0;
    for (const row of section.querySelectorAll("li")) {
      row.hidden = !words.every((word) => row.dataset.words.includes(word));
      left += row.hidden ? 0 : 1;
    }
    section.hidden = left === 0;
    shown += left;
  }
  const none = document.getElementById("none");
  if (none) none.hidden = shown > 0;
}

filter.addEventListener("input", () => {
  narrow();
  mark(list.querySelector("[aria-current]")?.getAttribute("href"));
});

filter.addEventListener("keydown", (event) => {
  const first = [...list.querySelectorAll("a")].find(isShown);
  if (event.key === "ArrowDown" && first) {
    event.preventDefault();
    first.focus();
  } else if (event.key === "Enter" && first) {
    location.hash = first.getAttribute("href");
  }
});

list.addEventListener("keydown", (event) => {
  const links = [...list.querySelectorAll("a")].filter(isShown);
  const at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  if (to < 0) filter.focus();
  else links[Math.min(to, links.length - 1)]?.focus();
});

// The link that has the focus is the one that the tab key comes back to.
list.addEventListener("focusin", (event) => {
  for (const link of list.querySelectorAll("a")) link.tabIndex = link === event.target ? 0 : -1;
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, dialog");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (filter.checkVisibility()) {
    filter.focus();
  } else {
    // On a narrow screen the list is only there while no item is.
    addEventListener("hashchange", () => filter.focus(), { once: true });
    location.hash = "";
  }
});
