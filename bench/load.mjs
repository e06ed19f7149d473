// Bounded load on the reference server (release build), beside the floor and a peer, in one run on loopback.
//
//   node bench/load.mjs [--requests=4000] [--concurrency=8] [--databases=memory,sqlite,postgres]
//
// For each row: requests per second, p50 and p99 in milliseconds, and the server's CPU per request in microseconds (user
// and system time of its process, from /proc). Ratios, not absolute figures, are what this prints at the end: the
// machine's speed drifts, and everything in one run drifts together.
import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";

process.env.COUNTERSIGN_PROFILE = "release";
// Each server under measurement is ended when this process ends.
process.setMaxListeners(0);
const { Deployment, clients } = await import("../tests/lib/servers.mjs");
const { Person } = await import("../tests/lib/person.mjs");
const { Host, decide, newKey } = await import("../tests/lib/agent.mjs");
const { basic, freshTokens, authorizationUrl, approve, notes } = await import("../tests/lib/code.mjs");

const option = (name, otherwise) => process.argv.find((a) => a.startsWith(`--${name}=`))?.split("=")[1] ?? otherwise;
const requests = Math.min(Number(option("requests", 4000)), 50_000);
const concurrency = Math.min(Number(option("concurrency", 8)), 64);
const databases = option("databases", "memory,sqlite,postgres").split(",");
const target = process.env.CARGO_TARGET_DIR ?? new URL("../target", import.meta.url).pathname;
const machine = clients.find(({ client_id }) => client_id === "machine");
const rows = [];

/** CPU time of a process so far, in microseconds. */
const cpu = (pid) => {
  const [utime, stime] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).map(Number);
  return (utime + stime) * 10_000;
};

/** Sends `prepared` (url, headers, body) over kept-alive connections; each answer must be a 200. */
async function load(name, pid, prepared) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  const send = ({ url, headers, body }) =>
    new Promise((resolve, reject) => {
      const started = performance.now();
      const request = http.request(url, { method: "POST", agent, headers: { ...headers, "content-length": Buffer.byteLength(body) } }, (response) => {
        response.resume();
        response.on("end", () => (response.statusCode === 200 ? resolve(performance.now() - started) : reject(new Error(`${name}: ${response.statusCode}`))));
      });
      request.on("error", reject);
      request.end(body);
    });
  const warm = Math.floor(prepared.length / 10);
  for (const one of prepared.slice(0, warm)) await send(one);
  const times = [];
  let next = warm;
  const before = cpu(pid);
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (next < prepared.length) times.push(await send(prepared[next++]));
  }));
  const seconds = (performance.now() - started) / 1000;
  const spent = cpu(pid) - before;
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(2);
  const row = { name, requests: times.length, "per second": Math.round(times.length / seconds), "p50 ms": at(0.5), "p99 ms": at(0.99), "CPU µs": Math.round(spent / times.length) };
  rows.push(row);
  console.log(JSON.stringify(row));
  return row;
}

async function ready(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill());
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { child, port: JSON.parse(line).port };
}

const form = (client) => ({ "content-type": "application/x-www-form-urlencoded", authorization: basic(client) });
const credentials = (url) => Array.from({ length: requests }, () => ({ url, headers: form(machine), body: "grant_type=client_credentials&scope=notes%3Aread" }));
const ratios = [];
const ratio = (name, ours, floor, aim) => ratios.push({ name, ratio: (ours / floor).toFixed(2), aim });

for (const alg of ["EdDSA", "ES256"]) {
  const key = await newKey();
  const floor = await ready(join(target, "release", "countersign-bench-floor"), [alg, machine.client_id, machine.client_secret, JSON.stringify(key.jwk)]);
  const least = await load(`floor, client credentials, ${alg}`, floor.child.pid, credentials(`http://127.0.0.1:${floor.port}/token`));
  for (const database of databases) {
    const deployment = await Deployment.start({ framework: "axum", database }, { env: { RUST_LOG: "off", COUNTERSIGN_ACCESS_TOKEN_ALG: alg } });
    const row = await load(`axum on ${database}, client credentials, ${alg}`, deployment.processes[0].child.pid, credentials(`${deployment.issuer}/oauth2/token`));
    if (database === "memory") ratio(`client credentials, ${alg}, memory: CPU per request over the floor`, row["CPU µs"], least["CPU µs"], "≤ 1.5");
    await deployment.close();
  }
  const peer = await ready(process.execPath, [new URL("oidc-provider.mjs", import.meta.url).pathname, alg, machine.client_id, machine.client_secret]);
  await load(`oidc-provider in memory, client credentials, ${alg}`, peer.child.pid, credentials(`http://127.0.0.1:${peer.port}/token`).slice(0, Math.min(requests, 4000)));
  peer.child.kill();
  floor.child.kill();
}

for (const database of databases) {
  const deployment = await Deployment.start({ framework: "axum", database }, { env: { RUST_LOG: "off", COUNTERSIGN_AUTONOMOUS: "1" } });
  const pid = deployment.processes[0].child.pid;
  // Several people: one person's codes for one client are redeemed one after the other, because each writes the grant.
  const people = Array.from({ length: 4 * concurrency }, () => new Person(deployment));
  for (const person of people) {
    await person.signUp();
    await freshTokens(person, deployment);
  }
  const [alice] = people;
  const several = Math.min(requests, 1500);

  const codes = [];
  for (let i = 0; i < several; i++) {
    const request = authorizationUrl(deployment);
    const { code } = await approve(people[i % people.length], request);
    codes.push({ url: `${deployment.issuer}/oauth2/token`, headers: form(notes), body: new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: request.params.redirect_uri, code_verifier: request.verifier }).toString() });
  }
  await load(`axum on ${database}, code`, pid, codes.slice(0, several));

  const families = [];
  for (let i = 0; i < several; i++) families.push((await freshTokens(people[i % people.length], deployment)).refresh_token);
  const refresh = await load(`axum on ${database}, refresh`, pid, families.map((refresh_token) => ({ url: `${deployment.issuer}/oauth2/token`, headers: form(notes), body: new URLSearchParams({ grant_type: "refresh_token", refresh_token }).toString() })));
  if (database === "postgres") {
    const least = pgbench();
    if (least) ratio("refresh on PostgreSQL: rate over the two-statement transaction", refresh["per second"], least, "≥ 0.7");
  }

  const host = await Host.create(deployment);
  const { agent, body } = await host.register({ capabilities: ["check_balance"] });
  await decide(alice, body.approval);
  const calls = [];
  for (let i = 0; i < several; i++) calls.push({ url: host.location, headers: { "content-type": "application/json", authorization: `Bearer ${await agent.token({ capabilities: ["check_balance"] })}` }, body: '{"capability":"check_balance","arguments":{"account_id":"a"}}' });
  const floor = await ready(join(target, "release", "countersign-bench-floor"), ["EdDSA", "x", "y", JSON.stringify(agent.key.jwk)]);
  const least = await load("floor, one Ed25519 verification", floor.child.pid, calls.map((call) => ({ ...call, url: `http://127.0.0.1:${floor.port}/execute` })));
  floor.child.kill();
  const row = await load(`axum on ${database}, agent execute`, pid, calls);
  if (database === "memory") ratio("agent execute, memory: CPU per request over one verification and a bare round trip", row["CPU µs"], least["CPU µs"], "≤ 2");
  await deployment.close();
}

/** Transactions per second of two_statements.sql with as many clients, or null without pgbench. */
function pgbench() {
  const url = process.env.COUNTERSIGN_TEST_POSTGRES;
  try {
    const setup = "DROP TABLE IF EXISTS floor; CREATE TABLE floor (id int PRIMARY KEY, version bigint, body jsonb); INSERT INTO floor SELECT n, 0, '{\"state\":\"active\"}' FROM generate_series(1, 10000) n;";
    execFileSync("psql", ["-q", url, "-c", setup]);
    const out = execFileSync("pgbench", ["-n", "-c", String(concurrency), "-j", "2", "-T", "5", "-f", new URL("two_statements.sql", import.meta.url).pathname, url], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const rate = Number(out.match(/tps = ([\d.]+)/)[1]);
    rows.push({ name: "pgbench, two statements", "per second": Math.round(rate) });
    return rate;
  } catch {
    console.error("pgbench could not be run; its ratio is left out");
    return null;
  }
}

console.table(rows);
console.table(ratios);
