// Walks an Agent Auth provider end to end and reports, step by step, what worked.
//
//   node agent_walk.mjs <provider-url> [options]
//
//   --client=auto|sdk|wire   sdk  = the published @auth/agent package (must be installed)
//                            wire = a stand-in in this file that sends what @auth/agent sends
//                            auto = sdk when it is installed, else wire          (default)
//   --strict-iss             put `iss` (host thumbprint) in every agent JWT this file signs,
//                            as the spec asks; use with --client=wire
//   --approver=better-auth   approve as a signed-up user of a Better Auth server
//   --approver=post:<url>    POST {agent_id, approval, action} to <url>; 2xx means done
//   --approver=none          stop before the delegated part                       (default)
//   --bench=<n>              after the walk: n execute calls, a fresh JWT for each
//   --concurrency=<n>        for --bench                                       (default 8)
//   --server-pid=<pid>       also report the server's CPU time per request (Linux /proc)
//   --bench-only             skip the walk
//
// Exit status 0 when every step that this provider is expected to support passed.
// Depends on npm packages only: jose, and @auth/agent where that can be installed.
import http from "node:http";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";

const argv = process.argv.slice(2);
const providerUrl = argv.find((a) => !a.startsWith("--"));
const flag = (name, dflt) => {
  const hit = argv.find((a) => a === `--${name}` || a.startsWith(`--${name}=`));
  if (!hit) return dflt;
  const eq = hit.indexOf("=");
  return eq < 0 ? true : hit.slice(eq + 1);
};
if (!providerUrl) {
  console.error("usage: node agent_walk.mjs <provider-url> [--client=..] [--approver=..] [--bench=n]");
  process.exit(2);
}
const host = new URL(providerUrl).hostname;
if (!["127.0.0.1", "localhost", "[::1]"].includes(host)) {
  console.error("this script only talks to loopback addresses");
  process.exit(2);
}

// ── keys and tokens ────────────────────────────────────────────────────────

async function newKey() {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const pub = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(pub, "sha256");
  return { publicKey: { ...pub, kid }, privateKey: { ...(await exportJWK(privateKey)), kid } };
}

const imported = new WeakMap();
async function signer(jwk) {
  let k = imported.get(jwk);
  if (!k) imported.set(jwk, (k = await importJWK(jwk, "EdDSA")));
  return k;
}

async function token({ key, typ, aud, sub, iss, ttl = 60, claims = {} }) {
  const b = new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", typ, kid: key.publicKey.kid })
    .setSubject(sub)
    .setAudience(aud)
    .setIssuedAt()
    .setExpirationTime(`${ttl}s`)
    .setJti(randomUUID());
  if (iss) b.setIssuer(iss);
  return b.sign(await signer(key.privateKey));
}

const hostToken = (key, aud, extra = {}) =>
  token({
    key,
    typ: "host+jwt",
    aud,
    sub: key.publicKey.kid,
    iss: key.publicKey.kid,
    claims: { host_public_key: key.publicKey, ...extra },
  });

class ProtocolError extends Error {
  constructor(status, body) {
    super(body?.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = body?.error ?? "unknown_error";
    this.body = body;
  }
}

async function call(method, url, { bearer, body, ...rest } = {}) {
  const res = await fetch(url, {
    method,
    headers: {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      ...rest.headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await res.text();
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = { raw: text };
  }
  if (!res.ok) throw new ProtocolError(res.status, parsed);
  return { status: res.status, headers: res.headers, body: parsed };
}

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// ── two clients behind one small surface ───────────────────────────────────

function resolve(config, key, fallback) {
  const p = config.endpoints?.[key] ?? fallback;
  return /^https?:/.test(p) ? p : config.issuer.replace(/\/+$/, "") + (p.startsWith("/") ? p : `/${p}`);
}

/** Sends what @auth/agent 0.4.5 was observed to send. */
async function wireClient({ onApproval }) {
  const hostKey = await newKey();
  const agents = new Map(); // id -> { key, hostKid }
  let config;
  const location = () => config.default_location ?? resolve(config, "execute", "/capability/execute");
  const agentToken = (id, { aud = config.issuer, capabilities } = {}) => {
    const a = agents.get(id);
    return token({
      key: a.key,
      typ: "agent+jwt",
      aud,
      sub: id,
      iss: flag("strict-iss", false) ? hostKey.publicKey.kid : undefined,
      claims: capabilities ? { capabilities } : {},
    });
  };
  const waitActive = async (id, approval) => {
    await onApproval(id, approval);
    const deadline = Date.now() + Math.min((approval.expires_in ?? 300) * 1000, 30_000);
    while (Date.now() < deadline) {
      await sleep((approval.interval ?? 5) * 1000);
      const { body } = await call("GET", `${resolve(config, "status", "/agent/status")}?agent_id=${encodeURIComponent(id)}`, {
        bearer: await hostToken(hostKey, config.issuer),
      });
      if (body.status === "active" || body.status === "claimed") return body;
      if (body.status === "rejected" || body.status === "revoked") throw new Error(`agent ${body.status}`);
    }
    throw new Error("approval timed out");
  };
  return {
    kind: "wire",
    hostKey: async () => hostKey,
    agentKey: async (id) => agents.get(id).key,
    async discover(url) {
      config = (await call("GET", `${url.replace(/\/+$/, "")}/.well-known/agent-configuration`)).body;
      return config;
    },
    async list() {
      return (await call("GET", resolve(config, "capabilities", "/capability/list"))).body;
    },
    async connect({ mode, capabilities, name, reason }) {
      const key = await newKey();
      const { body } = await call("POST", resolve(config, "register", "/agent/register"), {
        bearer: await hostToken(hostKey, config.issuer, { agent_public_key: key.publicKey, host_name: "countersign-walk" }),
        body: { name, mode, capabilities, reason, host_name: "countersign-walk" },
      });
      agents.set(body.agent_id, { key });
      let final = body;
      if (body.status === "pending" && body.approval) final = await waitActive(body.agent_id, body.approval);
      return { agentId: body.agent_id, hostId: body.host_id, status: final.status, grants: final.agent_capability_grants };
    },
    async execute(id, capability, args) {
      const bearer = await agentToken(id, { aud: location(), capabilities: [capability] });
      const r = await call("POST", location(), { bearer, body: { capability, ...(args ? { arguments: args } : {}) } });
      let out = r.body;
      // The real client polls with the SAME token it used to start the job.
      for (let i = 0; out.status === "pending" && out.status_url && i < 20; i++) {
        await sleep(500);
        out = (await call("GET", out.status_url, { bearer })).body;
      }
      return out;
    },
    async batch(id, requests) {
      const caps = [...new Set(requests.map((r) => r.capability))];
      const bearer = await agentToken(id, { aud: location(), capabilities: caps });
      return (
        await call("POST", resolve(config, "batch_execute", "/capability/batch-execute"), {
          bearer,
          body: { requests: requests.map((r, i) => ({ id: String(i), ...r })) },
        })
      ).body;
    },
    async request(id, capabilities, reason) {
      const { body } = await call("POST", resolve(config, "request_capability", "/agent/request-capability"), {
        bearer: await agentToken(id),
        body: { capabilities, reason },
      });
      if (body.status === "pending" && body.approval) {
        const s = await waitActive(id, body.approval);
        return { topLevelStatus: body.status, grants: s.agent_capability_grants };
      }
      return { topLevelStatus: body.status, grants: body.agent_capability_grants };
    },
    async status(id) {
      return (
        await call("GET", `${resolve(config, "status", "/agent/status")}?agent_id=${encodeURIComponent(id)}`, {
          bearer: await hostToken(hostKey, config.issuer),
        })
      ).body;
    },
    async rotateAgentKey(id) {
      // The real client signs this with the agent's own key and omits agent_id.
      const next = await newKey();
      const { body } = await call("POST", resolve(config, "rotate_key", "/agent/rotate-key"), {
        bearer: await agentToken(id),
        body: { public_key: next.publicKey },
      });
      agents.set(id, { key: next });
      return body;
    },
    async rotateHostKey() {
      const next = await newKey();
      const { body } = await call("POST", resolve(config, "rotate_host_key", "/host/rotate-key"), {
        bearer: await hostToken(hostKey, config.issuer),
        body: { public_key: next.publicKey },
      });
      Object.assign(hostKey, next);
      return body;
    },
    async reactivate(id) {
      return (
        await call("POST", resolve(config, "reactivate", "/agent/reactivate"), {
          bearer: await hostToken(hostKey, config.issuer),
          body: { agent_id: id },
        })
      ).body;
    },
    async disconnect(id) {
      await call("POST", resolve(config, "revoke", "/agent/revoke"), {
        bearer: await hostToken(hostKey, config.issuer),
        body: { agent_id: id },
      });
    },
  };
}

/** The published client, driven through its public methods only. */
async function sdkClient(mod, { onApproval }) {
  const storage = new mod.MemoryStorage();
  let pendingId = null;
  const client = new mod.AgentAuthClient({
    storage,
    allowDirectDiscovery: true, // off by default because a directory URL is always set
    hostName: "countersign-walk",
    approvalTimeoutMs: 30_000,
    onApprovalRequired: async (info) => {
      // The callback is not told which agent it is about; verification_uri_complete
      // usually says, and otherwise the newest stored connection does.
      const fromUri = info.verification_uri_complete && new URL(info.verification_uri_complete).searchParams.get("agent_id");
      const newest = (await storage.listAgentConnections()).sort((a, b) => b.createdAt - a.createdAt)[0];
      await onApproval(pendingId ?? fromUri ?? newest?.agentId, info);
    },
  });
  let config;
  return {
    kind: "sdk",
    hostKey: async () => (await storage.getHostIdentity()).keypair,
    agentKey: async (id) => (await storage.getAgentConnection(id)).agentKeypair,
    discover: async (url) => (config = await client.discoverProvider(url)),
    list: () => client.listCapabilities({ provider: config.issuer }),
    async connect({ mode, capabilities, name, reason }) {
      pendingId = null;
      const r = await client.connectAgent({ provider: config.issuer, mode, capabilities, name, reason });
      return { agentId: r.agentId, hostId: r.hostId, status: r.status, grants: r.capabilityGrants };
    },
    execute: (id, capability, args) => client.executeCapability({ agentId: id, capability, arguments: args }),
    batch: (id, requests) => client.batchExecuteCapabilities({ agentId: id, requests }),
    async request(id, capabilities, reason) {
      pendingId = id;
      const r = await client.requestCapability({ agentId: id, capabilities, reason });
      const s = await client.agentStatus(id);
      return { topLevelStatus: JSON.stringify(r), grants: s.agent_capability_grants };
    },
    status: (id) => client.agentStatus(id),
    rotateAgentKey: (id) => client.rotateAgentKey(id),
    rotateHostKey: () => client.rotateHostKey(config.issuer),
    reactivate: (id) => client.reactivateAgent(id),
    disconnect: (id) => client.disconnectAgent(id),
    destroy: () => client.destroy(),
  };
}

// ── the human who approves ─────────────────────────────────────────────────

function makeApprover(kind) {
  if (kind === "none") return null;
  if (kind.startsWith("post:")) {
    const url = kind.slice("post:".length);
    return (agent_id, approval) => call("POST", url, { body: { agent_id, approval, action: "approve" } });
  }
  if (kind === "better-auth") {
    const origin = new URL(providerUrl).origin;
    let cookie;
    return async (agent_id, approval) => {
      if (!cookie) {
        const res = await fetch(`${origin}/api/auth/sign-up/email`, {
          method: "POST",
          headers: { "content-type": "application/json", origin },
          body: JSON.stringify({
            name: "Pat Approver",
            email: `pat-${randomUUID()}@example.invalid`,
            password: `pw-${randomUUID()}`,
          }),
        });
        if (!res.ok) throw new Error(`sign-up failed: ${res.status}`);
        cookie = res.headers.getSetCookie().map((c) => c.split(";")[0]).join("; ");
      }
      return call("POST", `${origin}/api/auth/agent/approve-capability`, {
        headers: { cookie, origin },
        body: { agent_id, action: "approve", ...(approval.user_code ? { user_code: approval.user_code } : {}) },
      });
    };
  }
  throw new Error(`unknown approver ${kind}`);
}

// ── the walk ───────────────────────────────────────────────────────────────

const results = [];
async function step(name, fn, { expectFailure = null } = {}) {
  const t0 = performance.now();
  let ok, note;
  try {
    const v = await fn();
    ok = !expectFailure;
    note = typeof v === "string" ? v : v === undefined ? "" : JSON.stringify(v);
  } catch (err) {
    const code = `${err.status ?? ""} ${err.code ?? err.message}`.trim();
    ok = expectFailure ? expectFailure.some((c) => code.includes(c)) : false;
    note = ok ? `refused as expected: ${code}` : `${code}${err.body ? " " + JSON.stringify(err.body) : ""} ${err.code ? err.message : ""}`;
  }
  const ms = (performance.now() - t0).toFixed(1);
  results.push({ name, ok });
  console.log(`${ok ? "ok  " : "FAIL"} ${name.padEnd(46)} ${ms.padStart(8)} ms  ${note.slice(0, 260)}`);
  return ok;
}

let mod = null;
const wanted = flag("client", "auto");
if (wanted !== "wire") {
  try {
    mod = await import("@auth/agent");
  } catch (err) {
    if (wanted === "sdk") {
      console.error(`@auth/agent is not installed: ${err.message}`);
      process.exit(2);
    }
  }
}

const approver = makeApprover(flag("approver", "none"));
const onApproval = async (id, info) => {
  if (!approver) throw new Error("no approver given");
  await approver(id, info);
};
const client = mod ? await sdkClient(mod, { onApproval }) : await wireClient({ onApproval });
console.log(`client: ${client.kind}   provider: ${providerUrl}   node ${process.version}`);

let config, auto, del;
const issClaim = async () => (flag("strict-iss", false) ? (await client.hostKey()).publicKey.kid : undefined);
const brief = (gs) => gs?.map((g) => `${g.capability}:${g.status}`).join(",");

if (!(await step("discover", async () => {
  config = await client.discover(providerUrl);
  return `${config.version} issuer=${config.issuer} modes=${config.modes}`;
}))) process.exit(1);

if (!flag("bench-only", false)) {
  let offered = [];
  await step("list capabilities (no agent)", async () => {
    const r = await client.list();
    offered = r.capabilities.map((c) => c.name);
    return offered.join(",");
  });
  const has = (c) => offered.includes(c);

  await step("register autonomous", async () => {
    const capabilities = ["ping", "check_balance", "make_report", "count_up"].filter(has);
    auto = await client.connect({ mode: "autonomous", name: "walk-auto", capabilities, reason: "walk" });
    if (auto.status !== "active") throw new Error(`status ${auto.status}`);
    return `${auto.agentId} ${brief(auto.grants)}`;
  });
  if (auto) {
    await step("execute (sync)", () => client.execute(auto.agentId, "check_balance", { account_id: "a1" }));
    if (has("make_report")) await step("execute (async, client polls)", () => client.execute(auto.agentId, "make_report"));
    if (has("count_up")) {
      // @auth/agent always parses the answer as JSON, so a stream is read here directly.
      await step("execute (server-sent events)", async () => {
        const loc = config.default_location ?? resolve(config, "execute", "/capability/execute");
        const bearer = await token({
          key: await client.agentKey(auto.agentId), typ: "agent+jwt", aud: loc, sub: auto.agentId, iss: await issClaim(), claims: { capabilities: ["count_up"] },
        });
        const res = await fetch(loc, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${bearer}` },
          body: JSON.stringify({ capability: "count_up" }),
        });
        const text = await res.text();
        if (!/event-stream/.test(res.headers.get("content-type") ?? "") || !/event: done/.test(text)) throw new Error(`${res.status} ${text.slice(0, 80)}`);
        return `${text.match(/event: data/g)?.length} data events, done`;
      });
    }
    await step("batch of three", () =>
      client.batch(auto.agentId, [
        { capability: "ping" },
        { capability: "check_balance", arguments: { account_id: "a2" } },
        { capability: "ping" },
      ]));
    await step("execute what was not granted", () => client.execute(auto.agentId, "transfer_money", { amount: 1, currency: "USD", to: "x" }), {
      expectFailure: ["capability_not_granted", "403"],
    });
    await step("status of autonomous agent", async () => {
      const s = await client.status(auto.agentId);
      return `${s.status} ${s.mode} ${brief(s.agent_capability_grants)}`;
    });
    await step("same JWT twice", async () => {
      const loc = config.default_location ?? resolve(config, "execute", "/capability/execute");
      const bearer = await token({
        key: await client.agentKey(auto.agentId), typ: "agent+jwt", aud: loc, sub: auto.agentId, iss: await issClaim(), claims: { capabilities: ["ping"] },
      });
      try {
        await call("POST", loc, { bearer, body: { capability: "ping" } });
      } catch (err) {
        throw new Error(`first use already refused (${err.code})`);
      }
      await call("POST", loc, { bearer, body: { capability: "ping" } });
    }, { expectFailure: ["401"] });
    await step("introspect a fresh JWT", async () => {
      const bearer = await token({ key: await client.agentKey(auto.agentId), typ: "agent+jwt", aud: config.issuer, sub: auto.agentId, iss: await issClaim() });
      const { body } = await call("POST", resolve(config, "introspect", "/agent/introspect"), { body: { token: bearer } });
      if (!body.active) throw new Error(JSON.stringify(body));
      return body;
    });
  }

  if (approver) {
    await step("register delegated, approve, poll", async () => {
      del = await client.connect({
        mode: "delegated",
        name: "walk-delegated",
        capabilities: ["check_balance", { name: "transfer_money", constraints: { amount: { max: 100 }, currency: { in: ["USD"] } } }],
        reason: "pay a bill",
      });
      if (del.status !== "active") throw new Error(`status ${del.status}`);
      return `${del.agentId} ${brief(del.grants)}`;
    });
    if (auto) {
      await step("autonomous agent was claimed", async () => {
        const s = await client.status(auto.agentId);
        if (s.status !== "claimed") throw new Error(`status ${s.status}`);
        return s.status;
      });
    }
    if (del) {
      const id = del.agentId;
      await step("execute inside the constraint", () => client.execute(id, "transfer_money", { amount: 50, currency: "USD", to: "acc" }));
      await step("execute outside the constraint", () => client.execute(id, "transfer_money", { amount: 500, currency: "USD", to: "acc" }), {
        expectFailure: ["constraint_violated"],
      });
      await step("request a wider grant, approve, poll", async () => {
        const r = await client.request(id, [{ name: "transfer_money", constraints: { amount: { max: 1000 }, currency: { in: ["USD"] } } }], "bigger bill");
        return `${r.topLevelStatus} ${brief(r.grants)}`;
      });
      await step("execute under the wider grant", () => client.execute(id, "transfer_money", { amount: 500, currency: "USD", to: "acc" }));
      await step("reactivate an active agent (no-op)", async () => (await client.reactivate(id)).status);
      await step("rotate the agent's key (as @auth/agent does)", () => client.rotateAgentKey(id));
      await step("execute after agent key rotation", () => client.execute(id, "check_balance", { account_id: "a3" }));
      await step("rotate the host's key", () => client.rotateHostKey());
      await step("status with the new host key", async () => (await client.status(id)).status);
      const key = await client.agentKey(id).catch(() => null);
      await step("disconnect (revoke)", () => client.disconnect(id));
      await step("execute after revocation", async () => {
        const loc = config.default_location ?? resolve(config, "execute", "/capability/execute");
        const bearer = await token({ key, typ: "agent+jwt", aud: loc, sub: id, iss: await issClaim(), claims: { capabilities: ["check_balance"] } });
        return (await call("POST", loc, { bearer, body: { capability: "check_balance", arguments: { account_id: "a" } } })).body;
      }, { expectFailure: ["agent_revoked", "403", "401"] });
    }
  }
}

// ── throughput ─────────────────────────────────────────────────────────────

const n = Number(flag("bench", 0));
if (n > 0 && n <= 20_000) {
  const concurrency = Number(flag("concurrency", 8));
  const benchClient = await wireClient({ onApproval });
  await benchClient.discover(providerUrl);
  const a = await benchClient.connect({ mode: "autonomous", name: "bench", capabilities: ["ping"], reason: "bench" });
  const loc = new URL(config.default_location ?? resolve(config, "execute", "/capability/execute"));
  const key = await benchClient.agentKey(a.agentId);
  const payload = JSON.stringify({ capability: "ping" });
  const keepAlive = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  const one = (bearer) =>
    new Promise((done, fail) => {
      const t0 = performance.now();
      const req = http.request(
        loc,
        { method: "POST", agent: keepAlive, headers: { "content-type": "application/json", "content-length": payload.length, authorization: `Bearer ${bearer}` } },
        (res) => {
          res.resume();
          res.on("end", () => done({ status: res.statusCode, ms: performance.now() - t0 }));
        },
      );
      req.on("error", fail);
      req.end(payload);
    });
  const serverPid = flag("server-pid", null);
  const cpuMs = () => {
    if (!serverPid) return null;
    const f = readFileSync(`/proc/${serverPid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(f[11]) + Number(f[12])) * 10; // utime + stime, in ticks of 10 ms
  };
  const load = () => {
    try {
      return Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
    } catch {
      return null;
    }
  };
  const mint = () => token({ key, typ: "agent+jwt", aud: loc.href, sub: a.agentId, claims: { capabilities: ["ping"] } });
  const round = async (count) => {
    // Signed ahead so that the client's own signing is outside the timed part.
    const tokens = [];
    const s0 = performance.now();
    for (let i = 0; i < count; i++) tokens.push(await mint());
    const signMs = performance.now() - s0;
    const lat = [];
    const statuses = {};
    let next = 0;
    const cpu0 = cpuMs();
    const t0 = performance.now();
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        while (next < count) {
          const r = await one(tokens[next++]);
          lat.push(r.ms);
          statuses[r.status] = (statuses[r.status] ?? 0) + 1;
        }
      }),
    );
    const secs = (performance.now() - t0) / 1000;
    lat.sort((x, y) => x - y);
    const q = (p) => lat[Math.min(lat.length - 1, Math.floor(p * lat.length))].toFixed(2);
    return { count, concurrency, rps: Math.round(count / secs), secs: +secs.toFixed(2), p50: q(0.5), p95: q(0.95), p99: q(0.99), max: lat.at(-1).toFixed(2), statuses, cpuMsPerReq: cpu0 === null ? null : +((cpuMs() - cpu0) / count).toFixed(2), load1: load(), clientSignPerSec: Math.round(count / (signMs / 1000)) };
  };
  await round(Math.min(300, n)); // warm-up
  for (let i = 0; i < 3; i++) console.log("bench", JSON.stringify(await round(n)));
  keepAlive.destroy();
}

client.destroy?.();
const failed = results.filter((r) => !r.ok);
console.log(`${results.length - failed.length} ok, ${failed.length} failed${failed.length ? ": " + failed.map((f) => f.name).join("; ") : ""}`);
process.exitCode = failed.length ? 1 : 0;
