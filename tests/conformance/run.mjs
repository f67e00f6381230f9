// Runs the official conformance suite and judges what it wrote, more strictly than the suite itself does: a scenario is
// green when it has no failure, no warning and at least one success. There is no list of expected failures.
//
// The suite's exit code is ignored, because it passes over warnings, over skipped scenarios, and over scenarios in which
// nothing was checked. What to run is read from the suite as well: its requirement sets, then every pair of scenario and
// version that it lists and that is in no set. Knows nothing of the server but its URL.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const usage = `usage: tests/conformance/run server (--command COMMAND | --url URL) [--only SCENARIO]... [--set VERSION]
       tests/conformance/run client --command COMMAND [--only SCENARIO]... [--without PREFIX]... [--set VERSION]
  --command  starts a server that serves http://127.0.0.1:PORT/mcp; PORT is replaced, and set in the environment;
             or a client that is given the URL of a server as its last argument
  --url      uses a server that already runs
  --without  leaves out the scenarios whose names begin like this, such as auth/; may be repeated
  --only     one scenario, at every version it exists for; may be repeated
  --set      one version, such as 2025-11-25`;

const suite = join(import.meta.dirname, 'node_modules/@modelcontextprotocol/conformance');
const program = join(suite, 'dist/index.js');
const legs = { server: testServer, client: testClient };
const patience = 10_000;

// A mistake of the caller, or a server that does not start: told without a stack.
class Refusal extends Error {}

async function main() {
  const { positionals, values } = readArguments();
  const leg = positionals.length === 1 ? legs[positionals[0]] : undefined;
  if (!leg) throw new Refusal(usage);
  const directory = mkdtempSync(join(tmpdir(), 'mcp-conformance-'));
  let failed = false;
  try {
    failed = summarize(await leg(values, directory), directory);
  } finally {
    if (!failed) rmSync(directory, { recursive: true });
  }
  process.exitCode = failed ? 1 : 0;
}

function readArguments() {
  const text = { type: 'string' };
  const options = { command: text, url: text, set: text, without: { ...text, multiple: true }, only: { ...text, multiple: true } };
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    throw new Refusal(`${error.message}\n${usage}`);
  }
}

async function testServer({ command, url, ...filter }, directory) {
  if (!command === !url) throw new Refusal(`give either --command or --url\n${usage}`);
  const plan = planFor('server', filter);
  if (url) return runPlan(plan, 'server', ['--url', url], directory);

  const server = await startServer(command, directory);
  const verdicts = await runPlan(plan, 'server', ['--url', server.url], directory);
  return [...verdicts, ...(await stopServer(server))];
}

// All of a set at once, as many clients beside each other, and each scenario by itself: run together, the suite passes over
// how the client ends and how long it takes.
async function testClient({ command, url, ...filter }, directory) {
  if (!command || url) throw new Refusal(`give --command\n${usage}`);
  const plan = planFor('client', filter);
  const sets = plan.filter((item) => !item.alone).map((item) => ({ ...item, kind: `${item.kind}, beside others` }));
  const each = plan.map((item) => ({ ...item, alone: true }));
  return runPlan([...sets, ...each], 'client', ['--command', command], directory);
}

// ---- what to run

// Every pair of scenario and version, with what the suite thinks of it: scored, not scored, or in no set.
function planFor(leg, { set, only, without }) {
  const plan = requirementSets().flatMap((version) => requirementSet(version, leg));
  for (const [name, versions] of listedScenarios(leg)) {
    // The scenarios of extensions belong to no version. The suite runs a server's at its newest one.
    const planned = plan.some((item) => item.name === name);
    const wanted = versions.includes('extension') ? (planned ? [] : [requirementSets().at(-1)]) : versions;
    for (const version of wanted) {
      if (!plan.some((item) => item.name === name && item.version === version)) plan.push({ version, name, kind: 'in no set' });
    }
  }
  const isWanted = ({ name }) => (!only || only.includes(name)) && !without?.some((prefix) => name.startsWith(prefix));
  const chosen = plan.filter((item) => (!set || item.version === set) && isWanted(item));
  const unknown = (only ?? []).find((name) => !chosen.some((item) => item.name === name));
  if (unknown) throw new Refusal(`no ${leg} scenario \`${unknown}\`${set ? ` in ${set}` : ''}`);
  if (chosen.length === 0) throw new Refusal(`no ${leg} scenarios in \`${set}\`; there are: ${versionsOf(plan).join(', ')}`);
  return chosen.map((item) => ({ ...item, alone: Boolean(only) || item.kind === 'in no set' }));
}

function versionsOf(plan) {
  return [...new Set(plan.map((item) => item.version))].sort();
}

function requirementSets() {
  return readdirSync(join(suite, 'requirements')).map((file) => file.replace(/\.yaml$/, '')).sort();
}

function requirementSet(version, leg) {
  const [required, neverScored] = list('--requirements', version).split('Run and reported, but never scored:');
  const scored = entries(section(required, leg)).map(([name]) => ({ version, name, kind: 'scored' }));
  const ours = entries(neverScored).filter(([, tags]) => tags.includes(leg));
  const others = ours.map(([name]) => ({ version, name, kind: 'not scored' }));
  if (scored.length === 0) throw new Error(`cannot read the requirements of ${version}: has the suite changed what \`list\` prints?`);
  return [...scored, ...others];
}

function listedScenarios(leg) {
  const listed = entries(section(list(), leg));
  if (!listed.some(([, versions]) => versions.length > 0)) throw new Error('cannot read what `list` prints: has the suite changed it?');
  return listed;
}

function section(text, leg) {
  const title = `${leg[0].toUpperCase()}${leg.slice(1)} scenarios`;
  return text.split('\n\n').find((part) => part.startsWith(title));
}

// `  - name [one,two]` becomes ['name', ['one', 'two']].
function entries(text = '') {
  return [...text.matchAll(/^ +- (\S+)(?: \[(.*)\])?$/gm)].map(([, name, tags]) => [name, tags ? tags.split(',') : []]);
}

function list(...options) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'list', ...options], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the suite cannot list its scenarios: ${stderr}`);
  return stdout;
}

// ---- running

async function runPlan(plan, leg, target, directory) {
  const verdicts = [];
  const report = (item, output) => {
    const verdict = judge(item, leg, output);
    print(verdict);
    verdicts.push(verdict);
  };
  for (const version of versionsOf(plan)) {
    const items = plan.filter((item) => item.version === version);
    const together = items.filter((item) => !item.alone);
    if (together.length > 0) {
      const output = join(directory, version);
      const end = await runSuite([leg, ...target, '--requirements', version], output);
      together.forEach((item) => report({ ...item, end }, output));
    }
    for (const item of items.filter((item) => item.alone)) {
      const output = join(directory, `${version}-${item.name.replaceAll('/', '-')}`);
      // Without --force the suite leaves out what is not on its time-line, and calls that a success.
      const end = await runSuite([leg, ...target, '--scenario', item.name, '--spec-version', version, '--force'], output);
      report({ ...item, end }, output);
    }
  }
  return verdicts;
}

function runSuite(options, output) {
  mkdirSync(output);
  const log = openSync(join(output, 'suite.log'), 'w');
  return ended(spawn(process.execPath, [program, ...options, '-o', output], { stdio: ['ignore', log, log] }));
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
}

// ---- the server

async function startServer(command, directory) {
  const port = await freePort();
  const log = join(directory, 'server.log');
  const output = openSync(log, 'w');
  // `exec`, so that the signal to stop reaches the server rather than a shell around it.
  const line = `exec ${command.replace(/(?<![$\w{])PORT\b/g, port)}`;
  const child = spawn('/bin/sh', ['-c', line], { env: { ...process.env, PORT: port }, stdio: ['ignore', output, output] });
  const server = { child, url: `http://127.0.0.1:${port}/mcp`, end: undefined };
  server.ended = ended(child).then((end) => (server.end = end));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  process.once('exit', () => child.kill('SIGKILL'));

  const deadline = Date.now() + patience;
  while (!(await accepts(port))) {
    const written = () => readFileSync(log, 'utf8');
    if (server.end !== undefined) throw new Refusal(`the server ended with ${server.end} before it accepted connections:\n${written()}`);
    if (Date.now() > deadline) throw new Refusal(`the server accepts no connections on port ${port} after ${patience / 1000} s:\n${written()}`);
    await sleep(20);
  }
  return server;
}

// The connections that the suite left open must not keep the server from ending. A fault is one more verdict.
async function stopServer(server) {
  const early = server.end;
  const start = Date.now();
  server.child.kill('SIGTERM');
  const end = await Promise.race([server.ended, sleep(patience, undefined, { ref: false })]);
  server.child.kill('SIGKILL');
  if (early === undefined && end === 0) {
    console.log(`the server ended with 0, ${Date.now() - start} ms after SIGTERM`);
    return [];
  }
  const after = end === undefined ? `still runs ${patience / 1000} s after SIGTERM` : `ended with ${end} on SIGTERM, expected 0`;
  const note = early === undefined ? after : `ended with ${early} while the suite ran; see server.log`;
  const verdict = { version: 'server', name: 'exit', kind: 'exit', status: 'FAILED', counts: '', notes: [note] };
  print(verdict);
  return [verdict];
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(String(port)));
    });
  });
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

// ---- judging

function judge(item, leg, output) {
  const checks = readChecks(item, leg, output);
  if (!checks) return { ...item, status: 'FAILED', counts: 'no checks.json', notes: [suiteError(item, output)] };

  const having = (status) => checks.filter((check) => check.status === status);
  const statuses = [...new Set(checks.map((check) => check.status))].sort();
  const counts = statuses.map((status) => `${having(status).length} ${status.toLowerCase()}`).join(', ') || 'no checks';
  const bad = checks.filter((check) => !['SUCCESS', 'SKIPPED', 'INFO'].includes(check.status));
  if (bad.length > 0) return { ...item, status: 'FAILED', counts, notes: bad.map(describe) };

  const skipped = having('SKIPPED');
  const notes = [...new Set(skipped.map((check) => `skipped: ${skipReason(check)}`))];
  // A client must end well too, unless the scenario lets it fail. The suite knows which do, and says so by its own end.
  if (leg === 'client' && item.end !== 0) return { ...item, status: 'FAILED', counts, notes: [`the suite ended with ${item.end}: ${suiteError(item, output)}`] };

  // `wire-schema-valid` is added to nearly every scenario and succeeds even if only the suite sent messages, so it proves
  // nothing about the scenario.
  if (having('SUCCESS').some((check) => check.id !== 'wire-schema-valid')) return { ...item, status: 'ok', counts, notes };

  if (skipped.length === 0) return { ...item, status: 'FAILED', counts, notes: ['no check succeeded', ...having('INFO').map(describe)] };
  if (item.kind.startsWith('scored')) return { ...item, status: 'FAILED', counts, notes: ['scored, so it may not be skipped', ...notes] };
  return { ...item, status: 'skipped', counts, notes };
}

function readChecks({ name }, leg, output) {
  // Only a server's results have the leg in their name; a name with a slash is a folder in a folder.
  const folder = leg === 'client' ? join(output, dirname(name)) : output;
  const prefix = leg === 'client' ? basename(name) : `${leg}-${name}`;
  if (!existsSync(folder)) return undefined;
  const found = readdirSync(folder).find((entry) => entry.startsWith(prefix) && /^-\d{4}-\d\d-\d\dT[\d-]+Z$/.test(entry.slice(prefix.length)));
  const file = found && join(folder, found, 'checks.json');
  return file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function suiteError({ name }, output) {
  const log = readFileSync(join(output, 'suite.log'), 'utf8');
  const marker = `Failed to run scenario ${name}:`;
  const told = log.includes(marker) ? log.slice(log.indexOf(marker)) : log.trim().split('\n').slice(-3).join(' ');
  return short(told);
}

function describe({ id, status, description, errorMessage, details }) {
  const reason = errorMessage ?? (details ? JSON.stringify(details) : undefined);
  return `${status} ${id}: ${short(description)}${reason ? `\n    ${short(reason)}` : ''}`;
}

function skipReason({ description, errorMessage, details }) {
  return short(errorMessage ?? details?.message ?? description).replace(/^Skipped: /, '');
}

function short(text = '') {
  const line = String(text).replace(/\s+/g, ' ').trim();
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}

// ---- telling

function print({ version, name, status, counts, notes }) {
  console.log(`${version.padEnd(10)}  ${name.padEnd(46)} ${status.padEnd(7)}  ${counts}`.trimEnd());
  for (const note of notes) console.log(`  ${note}`);
}

// Prints the summary; says whether anything failed.
function summarize(verdicts, directory) {
  const count = (status, among = verdicts) => among.filter((verdict) => verdict.status === status).length;
  console.log();
  for (const version of versionsOf(verdicts)) {
    const kinds = Map.groupBy(verdicts.filter((verdict) => verdict.version === version), (verdict) => verdict.kind);
    const parts = [...kinds].map(([kind, of]) => {
      const skipped = count('skipped', of);
      return `${count('ok', of)} of ${of.length} ${kind}${skipped ? ` (${skipped} skipped)` : ''}`;
    });
    console.log(`${version}: ${parts.join(', ')}`);
  }
  const failed = count('FAILED');
  if (failed) console.log(`what the suite and the server wrote: ${directory}`);
  console.log(`${count('ok')} passed, ${failed} failed, ${count('skipped')} skipped`);
  return failed > 0;
}

main().catch((error) => {
  console.error(error instanceof Refusal ? error.message : error);
  process.exit(2);
});
