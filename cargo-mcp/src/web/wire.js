// The way to cargo mcp: one stream of events, and requests that say what to do. Everything lies beside the page, under
// the token that its address has.

const base = new URL(".", location.href);
/** Whoever wants to hear an event, by its type. */
const listeners = new Map();
/** What the page has called and has no end of yet, by number. */
const calls = new Map();
let page = null;
let lastCall = 0;

export function on(type, listener) {
  listeners.set(type, [...(listeners.get(type) ?? []), listener]);
}

function emit(event) {
  for (const listener of listeners.get(event.type) ?? []) listener(event);
}

/** Asks for something; fails with what cargo mcp says went wrong. */
export async function get(path) {
  return answered(await fetch(new URL(path, base)));
}

/** Sends JSON that is text already. */
export async function post(path, json) {
  return answered(await fetch(new URL(path, base), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: json,
  }));
}

async function answered(response) {
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(problem(answer.error) ?? `cargo mcp answered with status ${response.status}`);
  return answer;
}

function problem(error) {
  if (!error?.message) return undefined;
  return [error.message, error.cause, error.hint].filter(Boolean).join("\n");
}

/** Follows the events for as long as the page is open. */
export async function follow() {
  for (;;) {
    const why = await listen().catch((error) => error);
    if (page === null) {
      emit({ type: "lost", message: why?.message });
    } else {
      page = null;
      emit({ type: "lost" });
      // Calls end with the stream that they were made on.
      for (const [number, hear] of [...calls]) {
        calls.delete(number);
        hear({ type: "error", message: "the connection to cargo mcp was lost, and the call with it" });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function listen() {
  const response = await fetch(new URL("events", base));
  if (!response.ok) await answered(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) hear(JSON.parse(line));
  }
}

function hear(event) {
  if (event.type === "page") page = event.page;
  if (event.call !== undefined) {
    const listener = calls.get(event.call);
    if (event.type === "result" || event.type === "error") calls.delete(event.call);
    listener?.(event);
  } else {
    emit(event);
  }
}

/** Calls. `request` is JSON text; `listener` hears what comes of it. The answer is a function that gives the call up. */
export function call(request, listener) {
  lastCall += 1;
  const number = lastCall;
  calls.set(number, listener);
  const fail = (error) => {
    if (calls.delete(number)) listener({ type: "error", message: error.message });
  };
  if (page === null) {
    // Not before the caller has the function.
    queueMicrotask(() => fail(new Error("there is no connection to cargo mcp; is it still running?")));
    return () => {};
  }
  const made = post("call", `{"page":${page},"call":${number},"request":${request}}`).catch(fail);
  return () => {
    if (!calls.delete(number)) return;
    listener({ type: "cancelled" });
    // A call that is not there yet cannot be given up.
    made.then(() => post("cancel", JSON.stringify({ page, call: number }))).catch((error) => console.debug(error));
  };
}
