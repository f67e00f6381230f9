// A server over standard input and output that is as odd as it may be: every kind of field in one form, names and results
// full of markup and control characters, a tool that never answers, one that sends the user elsewhere, and one that adds
// another tool.

import { createInterface } from "node:readline";

const evil = "<img src=x onerror=\"document.title='broken'\"> \u001b[31mred\u001b[0m \u202egnp.exe \u0007";
const picture = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>alert(1)</script></svg>");

const everyField = {
  type: "object",
  $defs: { Range: { type: "object", properties: { min: { type: "integer" }, max: { type: "integer" } }, required: ["min"] } },
  properties: {
    word: { type: "string", minLength: 2, description: "At least two characters." },
    count: { type: "integer", minimum: 1, maximum: 10, default: 3 },
    ratio: { type: "number", exclusiveMinimum: 0 },
    large: { type: "integer" },
    sure: { type: "boolean" },
    maybe: { type: ["boolean", "null"] },
    color: { type: "string", enum: ["red", "green"] },
    sizes: { type: "array", items: { enum: ["s", "m", "l"] }, minItems: 1 },
    range: { $ref: "#/$defs/Range" },
    tags: { type: "array", items: { type: "string" }, maxItems: 2 },
    either: { oneOf: [{ type: "string" }, { type: "object" }] },
    when: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
  },
  required: ["word", "sure", "color"],
};

const tools = [
  { name: "every_field", description: "Has a field of every kind, and answers with what it got.", inputSchema: everyField },
  { name: `evil ${evil}`, title: evil, description: evil, inputSchema: { type: "object", properties: { [evil]: { type: "string", description: evil } } } },
  { name: "silent", description: "Never answers.", inputSchema: { type: "object" } },
  { name: "either", description: "Takes one of two.", inputSchema: { type: "object", oneOf: [{ required: ["a"] }, { required: ["b"] }] } },
  { name: "w".repeat(200), description: "Has a name without a place to break.", inputSchema: { type: "object" } },
];

for (const [name, description] of [
  ["send_elsewhere", "Sends the user to an address."],
  ["grow", "Adds a tool."],
]) tools.push({ name, description, inputSchema: { type: "object", properties: { url: { type: "string" } } } });

/** Who waits for what the user did, by the number of the question. */
const waiting = new Map();

function say(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

function sendElsewhere(id, url) {
  const question = `q${id}`;
  waiting.set(question, (action) => say({ id, result: { content: [{ type: "text", text: `the user chose: ${action}` }] } }));
  say({ id: question, method: "elicitation/create", params: { mode: "url", message: "Please sign in.", url, elicitationId: question } });
}

function answer(id, method, params, raw) {
  switch (method) {
    case "initialize": return {
      protocolVersion: "2025-11-25",
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: `odd ${evil}`, version: "1" },
      instructions: evil,
    };
    case "tools/list": return { tools };
    case "tools/call":
      if (params.name === "silent") return undefined;
      if (params.name === "send_elsewhere") return sendElsewhere(id, params.arguments.url);
      if (params.name === "grow") {
        tools.push({ name: `grown_${tools.length}`, inputSchema: { type: "object" } });
        say({ method: "notifications/tools/list_changed" });
        return { content: [] };
      }
      if (params.name === "every_field") {
        // As it came, for numbers with more digits than JavaScript keeps.
        const given = /"arguments":(\{.*\}),"_meta"/.exec(raw)?.[1] ?? "{}";
        return `{"content":[{"type":"text","text":${JSON.stringify(given)}}],"structuredContent":${given}}`;
      }
      return {
        content: [
          { type: "text", text: evil },
          { type: "image", data: picture.toString("base64"), mimeType: "image/svg+xml" },
          { type: "image", data: "AAAA", mimeType: "image/png\" onerror=\"document.title='broken'" },
          { type: "image", data: "no base64 at all!", mimeType: "image/png" },
          { type: "resource_link", uri: `javascript:document.title='broken'`, name: evil },
          { type: "resource", resource: { uri: evil, mimeType: "text/html", text: "<script>document.title='broken'</script>" } },
        ],
      };
    default: return {};
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params, result: given } = JSON.parse(line);
  if (method === undefined) {
    waiting.get(id)?.(given.action);
    continue;
  }
  const result = id === undefined ? undefined : answer(id, method, params, line);
  if (result === undefined) continue;
  const text = typeof result === "string" ? result : JSON.stringify(result);
  process.stdout.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}\n`);
}
