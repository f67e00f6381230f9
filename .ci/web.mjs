// The page of `cargo mcp inspect --web` in a browser, used as a person would: by keyboard and by touch, wide and narrow,
// light and dark. Fails with what it missed; takes pictures when it is given a folder for them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const [chromium, cargoMcp, everything, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const odd = join(dirname(fileURLToPath(import.meta.url)), "web-odd-server.mjs");
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };

/** What the browser complained of, and what it asked elsewhere. */
const complaints = [];
const processes = [];
const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });

/** Starts the command with a server, and opens its page. */
async function open(...target) {
  const child = spawn(cargoMcp, ["inspect", "--web", "--json", ...target], { stdio: ["ignore", "pipe", "inherit"] });
  processes.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { url } = JSON.parse(line);
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`a script of the server's ran: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(url).origin && protocol !== "data:") complaints.push(`asked elsewhere: ${request.url()}`);
  });
  await page.setViewport(WIDE);
  await page.goto(url);
  await page.waitForSelector("#list a");
  return { page, url, child };
}

function once(emitter, name) {
  return new Promise((resolve, reject) => {
    emitter.once(name, (...all) => resolve(all));
    emitter.once("close", () => reject(new Error(`it ended before "${name}"`)));
  });
}

const texts = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent));
const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);

async function go(page, hash) {
  await page.evaluate((hash) => { location.hash = hash; }, hash);
  await page.waitForFunction((hash) => location.hash === hash && document.querySelector("main article, main .frames"), {}, hash);
}

/** Waits until the call on the page is over, and says how. */
async function over(page) {
  await page.waitForSelector(".status[data-state=good], .status[data-state=bad]");
  return page.$eval(".status", (status) => status.textContent);
}

/** Calls what is shown without more ado. */
async function call(page, hash) {
  await go(page, hash);
  await page.click("main button.primary");
  return over(page);
}

/** Fills the field of this label. */
async function type(page, label, text) {
  const field = await page.$(`main ::-p-aria([name="${label}"]), dialog ::-p-aria([name="${label}"])`);
  assert(field, `there is no field "${label}"`);
  await field.click({ count: 3 });
  await field.type(text);
}

/** Nothing is wider than the page, and nothing stands in the way of those who do not see or do not see well. */
async function look(page, what) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).slice(0, 3).join(" ")}`);
    assert.deepEqual(found, [], `${what}, ${scheme}`);
  }
  await page.emulateMediaFeatures([]);
  await page.setViewport(PHONE);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert(width <= PHONE.width, `${what} is ${width} px wide on a screen of ${PHONE.width}`);
  await page.setViewport(WIDE);
}

async function picture(page, name, viewport, scheme) {
  if (!pictures) return;
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport(viewport);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
  await page.emulateMediaFeatures([]);
  await page.setViewport(WIDE);
}

const checks = {
  async "everything that the server offers is listed"({ page, url }) {
    const surface = await page.evaluate(async (url) => (await fetch(`${url}surface`)).json(), url);
    const names = await texts(page, "#list .name");
    for (const { name } of [...surface.tools, ...surface.prompts, ...surface.resources, ...surface.resourceTemplates]) {
      assert(names.includes(name), `${name} is not listed`);
    }
    assert.match(await page.$eval("main", (main) => main.textContent), /Call whatever you like.*"completions"/s);
    assert.match(await page.$eval("#connection", (one) => one.textContent), /connected, 2026-07-28/);
    await look(page, "the server");
  },

  async "a call by keyboard alone, with live progress and its frames"({ page }) {
    // The progress as it was seen, and whether the call was still under way.
    await page.evaluate(() => {
      globalThis.seen = [];
      new MutationObserver(() => {
        const text = document.querySelector(".progress span")?.textContent;
        if (text) globalThis.seen.push([text.slice(0, 6), document.querySelector(".status").dataset.state]);
      }).observe(document.querySelector("main"), { childList: true, subtree: true });
    });
    await page.keyboard.press("Slash");
    assert.equal(await focused(page), "filter");
    await page.keyboard.type("progress");
    assert.deepEqual(await texts(page, "#list li:not([hidden]) .name"), ["test_tool_with_progress"]);
    await page.keyboard.press("ArrowDown");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid", "the focus is seen");
    await page.keyboard.press("Enter");
    await page.waitForSelector("article");
    assert.equal(await focused(page), "test_tool_with_progress");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Schemas");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Call");
    await page.keyboard.press("Enter");
    assert.match(await over(page), /^Done in \d+ ms$/);
    const seen = await page.evaluate(() => globalThis.seen);
    assert.deepEqual([seen[0], seen.at(-1)], [["0 of 1", "busy"], ["100 of", "good"]], "it is seen while it happens");
    assert.deepEqual(await texts(page, ".result pre"), ["All steps are done."]);
    const frames = await texts(page, ".rows .what");
    assert.equal(frames.length, 5);
    assert.match(frames[0], /^tools\/call #\d+$/);
    assert.match(frames[4], /^result #\d+$/);
    await page.focus(".rows li:last-child summary");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".rows pre");
    assert.match(await page.$eval(".rows pre", (pre) => pre.textContent), /"jsonrpc": "2.0",\n.*All steps are done/s);
    await look(page, "a call");
    await page.keyboard.press("Slash");
    await page.keyboard.press("Escape");
    await page.keyboard.down("Shift");
    await page.keyboard.press("Tab");
    await page.keyboard.up("Shift");
    assert.equal(await focused(page), "Reload", "the filter is left backwards");
    await page.$eval("#filter", (filter) => {
      filter.value = "";
      filter.dispatchEvent(new Event("input"));
    });
  },

  async "pictures, sounds, resources, logs and errors are shown as what they are"({ page }) {
    await call(page, "#tool/test_multiple_content_types");
    await page.waitForFunction(() => document.querySelector(".result img")?.naturalWidth === 1);
    assert.match(await page.$eval(".result", (one) => one.textContent), /test:\/\/mixed-content-resource.*"value": 123/s);
    await look(page, "content");
    await call(page, "#tool/test_audio_content");
    assert.equal((await page.$$(".result audio[controls]")).length, 1);
    assert.match(await call(page, "#tool/test_error_handling"), /^The tool failed/);
    await call(page, "#tool/test_tool_with_logging");
    assert.deepEqual((await texts(page, ".log li")).length, 3);
    await call(page, "#resource/test%3A%2F%2Fstatic-binary");
    await page.waitForFunction(() => document.querySelector(".result img")?.naturalWidth === 1);
    assert.match(await call(page, "#resource/test%3A%2F%2Fnowhere"), /^Failed/);
    assert.match(await page.$eval(".result", (one) => one.textContent), /JSON-RPC error -32602/);
  },

  async "prompts and templates have forms that complete"({ page }) {
    await go(page, "#prompt/test_prompt_with_arguments");
    await page.click("main button.primary");
    assert.match(await over(page), /^Nothing was sent/);
    await type(page, "arg1 *", "test");
    await page.waitForFunction(() => document.querySelectorAll("datalist option").length === 2);
    await type(page, "arg2 *", "b");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".message");
    assert.match(await page.$eval(".message", (one) => one.textContent), /user.*arg1='test', arg2='b'/s);
    await go(page, "#template/test%3A%2F%2Ftemplate%2F%7Bid%7D%2Fdata");
    await type(page, "id *", "a b");
    await page.click("main button.primary");
    await over(page);
    assert.match(await page.$eval(".result", (one) => one.textContent), /test:\/\/template\/a%20b\/data.*Data for ID: a b/s);
  },

  async "questions of the server are answered in a dialog"({ page }) {
    await go(page, "#tool/test_elicitation");
    await type(page, "message *", "Who are you?");
    const ask = async () => {
      await page.click("main button.primary");
      await page.waitForSelector("dialog[open]");
    };
    await ask();
    assert.match(await page.$eval("dialog", (dialog) => dialog.textContent), /Who are you\?/);
    await look(page, "a question");
    // A page that is left gives up its call, and with it the question.
    await page.reload();
    await page.waitForFunction(() => !document.querySelector("dialog"));
    await go(page, "#tool/test_elicitation");
    await type(page, "message *", "Who are you?");
    await ask();
    await page.click("dialog button.primary");
    const errors = await texts(page, "dialog .error:not([hidden])");
    assert.deepEqual(errors, ["is required", "is required"]);
    await type(page, "username *", "ada");
    await type(page, "email *", "ada@example.com");
    await page.keyboard.down("Control");
    await page.keyboard.press("Enter");
    await page.keyboard.up("Control");
    await over(page);
    assert.deepEqual(await texts(page, ".result pre"), ["User response: ada <ada@example.com>"]);
    await ask();
    await page.click("dialog ::-p-text(Decline)");
    await over(page);
    assert.deepEqual(await texts(page, ".result pre"), ["The user said no."]);
    await ask();
    await page.keyboard.press("Escape");
    await over(page);
    assert.deepEqual(await texts(page, ".result pre"), ["The user turned away."]);
  },

  async "light and dark follow the system"({ page }) {
    const backs = [];
    for (const value of ["light", "dark"]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
      backs.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    }
    await page.emulateMediaFeatures([]);
    assert.deepEqual(backs, ["rgb(246, 247, 249)", "rgb(20, 23, 27)"]);
  },

  async "the page cannot reach anybody else, nor run what is written into it"({ page }) {
    const reached = await page.evaluate(() => fetch("http://127.0.0.1:1/").then(() => true, () => false));
    assert.equal(reached, false);
    const refused = await page.evaluate(() => [
      () => { document.createElement("p").innerHTML = "<b>markup</b>"; },
      () => document.createElement("button").setAttribute("onclick", "document.title = 'broken'"),
    ].map((write) => {
      try {
        write();
        return null;
      } catch (error) {
        return error.name;
      }
    }));
    assert.deepEqual(refused, ["TypeError", "TypeError"]);
    assert.throws(() => assert.deepEqual(complaints, []), "what the browser complains of is noticed");
    assert(complaints.every((text) => /Content Security Policy|Trusted/.test(text)), complaints.join("\n"));
    complaints.length = 0;
  },

  async "the end of the command is told, and takes its questions along"({ page, child }) {
    await go(page, "#tool/test_elicitation");
    await page.click("main button.primary");
    await page.waitForSelector("dialog[open]");
    child.kill("SIGINT");
    await page.waitForFunction(() => document.querySelector("#connection").dataset.state === "bad");
    await page.waitForFunction(() => !document.querySelector("dialog"));
    assert.equal(await over(page), "Failed");
    await page.close();
    // It asked again whether somebody is there.
    assert(complaints.every((text) => text.startsWith("Failed to load resource")), complaints.join("\n"));
    complaints.length = 0;
  },
};

const oddChecks = {
  async "a form has a field of every kind and checks it before anything is sent"({ page }) {
    await go(page, "#tool/every_field");
    await look(page, "a form");
    await type(page, "word *", "x");
    await type(page, "count integer, 1 to 10", "11");
    await type(page, "ratio number, more than 0", "0");
    await page.click("main ::-p-text(Add to tags)");
    await page.click("main button.primary");
    assert.match(await over(page), /^Nothing was sent/);
    assert.deepEqual(await texts(page, "main .error:not([hidden])"), [
      "must have at least 2 characters, has 1",
      "must be at most 10",
      "must be more than 0",
      "is required",
      "is required",
    ]);
    assert.equal(await page.evaluate(() => document.activeElement.value), "x", "the first mistake has the focus");
    await look(page, "mistakes");
    await type(page, "word *", "two");
    await type(page, "count integer, 1 to 10", "7");
    await type(page, "ratio number, more than 0", "0.50");
    await type(page, "large integer", "123456789012345678901234567890");
    await page.click("main ::-p-aria([name='sure *'])");
    await (await page.$("main ::-p-aria([name='color *'])")).select("1");
    await page.click("main ::-p-aria([name='m'])");
    await type(page, "min * integer", "1");
    await type(page, "tags 1 *", "<b>");
    await type(page, "either JSON", '{"a":[1]}');
    await page.click("main button.primary");
    await page.waitForSelector(".status[data-state=good]");
    const sent = await page.$eval(".structured pre", (pre) => pre.textContent.replace(/\s/g, ""));
    assert.equal(sent, '{"word":"two","count":7,"ratio":0.50,"large":123456789012345678901234567890,"sure":true,"color":"green",'
      + '"sizes":["m"],"range":{"min":1},"tags":["<b>"],"either":{"a":[1]}}');
    // The same as JSON, where everything may be said.
    await page.click("main ::-p-text(As JSON)");
    const area = await page.$("main ::-p-aria([name='Arguments as JSON * an object'])");
    assert.equal((await area.evaluate((one) => one.value)).replace(/\s/g, ""), sent);
    await area.click({ count: 3 });
    await page.keyboard.down("Control");
    await page.keyboard.press("a");
    await page.keyboard.up("Control");
    await area.type('{"word":');
    await page.click("main button.primary");
    assert.match((await texts(page, "main .error:not([hidden])"))[0], /^is no JSON/);
    await area.type("1}");
    await page.click("main button.primary");
    await page.waitForFunction(() => document.querySelector(".structured pre")?.textContent.includes("1"));
    await page.click("main ::-p-text(As JSON)");
    assert.equal(await page.$eval("main textarea", (one) => one.value), "1");
    await go(page, "#tool/either");
    assert.equal((await page.$$("main textarea:not([hidden] *)")).length, 1, "what no field can show is typed");
  },

  async "what a server says is text and nothing else"({ page }) {
    const evil = (await page.$$eval("#list a", (all) => all.map((a) => a.getAttribute("href")))).find((href) => href.startsWith("#tool/evil"));
    await call(page, evil);
    const shown = await page.evaluate(() => document.body.textContent);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(shown, /[\u0000-\u0008\u000b-\u001f\u202e]/, "control characters are shown by their numbers");
    assert.match(shown, /<img src=x onerror/);
    assert.match(shown, /\\u\{1b\}\[31mred/);
    assert.match(shown, /\\u\{202e\}gnp\.exe/);
    assert.equal((await page.$$("img")).length, 1, "the one that is a picture");
    assert.equal((await page.$$("main script, main b, a[href^='javascript']")).length, 0);
    assert.notEqual(await page.title(), "broken");
    await look(page, "odd content");
  },

  async "a call that takes too long is cancelled"({ page }) {
    await go(page, "#tool/silent");
    await page.click("main button.primary");
    await page.waitForSelector(".rows li");
    await page.click("main ::-p-text(Cancel)");
    assert.match(await over(page), /^Cancelled/);
    await page.waitForFunction(() => document.querySelector(".rows").textContent.includes("notifications/cancelled"));
    assert.equal(await focused(page), "Call");
  },

  async "an address that the server sends to is shown, and opened only where it leads to the web"({ page, url }) {
    await go(page, "#tool/send_elsewhere");
    const ask = async (address) => {
      await type(page, "url", address);
      await page.click("main button.primary");
      await page.waitForSelector("dialog[open]");
    };
    await ask("javascript:alert(1)");
    assert.equal((await page.$$("dialog a")).length, 0);
    await page.click("dialog ::-p-text(Decline)");
    await over(page);
    assert.deepEqual(await texts(page, ".result pre"), ["the user chose: decline"]);
    await ask("https://example.com/sign-in?for=\u202eyou");
    assert.deepEqual(await texts(page, "dialog strong"), ["example.com"]);
    assert.match((await texts(page, "dialog code"))[0], /for=\\u\{202e\}you/);
    const link = await page.$eval("dialog a", ({ target, rel }) => ({ target, rel }));
    assert.deepEqual(link, { target: "_blank", rel: "noopener noreferrer" });
    await look(page, "an address");
    await page.keyboard.press("Escape");
    await over(page);
    assert.deepEqual(await texts(page, ".result pre"), ["the user chose: cancel"]);
    const elsewhere = `${new URL(url).origin}/elsewhere`;
    await ask(elsewhere);
    const opened = browser.waitForTarget((target) => target.url() === elsewhere);
    await page.click("dialog a");
    await (await (await opened).page()).close();
    await page.bringToFront();
    await over(page);
    assert.deepEqual(await texts(page, ".result pre"), ["the user chose: accept"]);
  },

  async "a list that changes is read again"({ page }) {
    await call(page, "#tool/grow");
    await page.waitForFunction(() => document.querySelector("#list").textContent.includes("grown_"));
    assert.match(await page.$eval(".status", (status) => status.textContent), /^Done/, "what is shown stays");
  },

  async "what has a long name fits on a phone"({ page }) {
    await go(page, `#tool/${"w".repeat(200)}`);
    await look(page, "a long name");
    await go(page, "#connection/frames");
    await look(page, "all frames");
    assert(await page.$$eval(".rows li", (all) => all.length) > 5);
    await page.evaluate(() => { location.hash = ""; });
    await look(page, "the list");
  },
};

const noteChecks = {
  async "the package's own server is built, called, and seen"({ page }) {
    await go(page, "#tool/search");
    await type(page, "query *", "rust");
    await page.click("main button.primary");
    await over(page);
    assert.match(await page.$eval(".structured pre", (pre) => pre.textContent), /ownership means/);
    await picture(page, "inspect-web", WIDE, "light");
    await picture(page, "inspect-web-phone", PHONE, "dark");
  },
};

let failed = null;
try {
  for (const [target, all] of [
    [["--", everything], checks],
    [["--", process.execPath, odd], oddChecks],
    [["--package", "mcp-examples", "--bin", "notes"], noteChecks],
  ]) {
    failed = `a server is opened: ${target.join(" ")}`;
    const site = await open(...target);
    await site.page.bringToFront();
    for (const [name, check] of Object.entries(all)) {
      failed = name;
      await check(site);
      assert.deepEqual(complaints, [], "the browser complains of nothing");
      console.log(`ok  ${name}`);
    }
  }
  failed = null;
} finally {
  if (failed) console.log(`FAILED  ${failed}`);
  await browser.close();
  for (const child of processes) child.kill();
}
