// What is between the sockets and the frameworks: raw bytes, pipelines, callers that hang up, proxies, the end of a server.
// Both frameworks get the same table.
import test, { after, before, describe } from "node:test";
import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Deployment, machineSecret, targets } from "../lib/servers.mjs";

// The database has no say in this.
const frameworks = targets.filter((target) => target.database === "memory");
const metadata = "/api/auth/.well-known/openid-configuration";

/** Sends bytes as they are, and gives what comes back until the server ends the connection. */
async function exchange(port, bytes, { patience = 5000 } = {}) {
  const socket = connect(port, "127.0.0.1");
  const chunks = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  await Promise.race([once(socket, "close"), sleep(patience)]);
  socket.destroy();
  return Buffer.concat(chunks).toString("latin1");
}

/** The statuses of all answers in what came back. */
const statuses = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));

const residentMiB = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;

for (const target of frameworks) {
  describe(`edges: ${target.name}`, () => {
    let deployment, port, host;
    before(async () => {
      deployment = await Deployment.start(target, { env: { RUST_LOG: "info", COUNTERSIGN_TRUSTED_PROXIES: "127.0.0.1", COUNTERSIGN_LIMITS_TIMES: "1" } });
      ({ port } = deployment.processes[0]);
      host = `localhost:${port}`;
    });
    after(() => deployment.close());

    const form = (body, more = "") =>
      `POST /api/auth/oauth2/token HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
      `Authorization: Basic ${Buffer.from(`machine:${machineSecret}`).toString("base64")}\r\n${more}\r\n${body}`;
    const grant = "grant_type=client_credentials";

    test("a request that two readers may read differently is 400, and ends the connection (RFC 9112)", async () => {
      const get = (lines, start = `GET ${metadata} HTTP/1.1`) => `${start}\r\n${lines}\r\n`;
      const rows = {
        "no Host": get(""),
        "two Hosts": get(`Host: ${host}\r\nHost: ${host}\r\n`),
        "two different Hosts": get(`Host: ${host}\r\nHost: evil.test\r\n`),
        "an empty Host": get("Host:\r\n"),
        "a Host that is a list": get(`Host: ${host}, evil.test\r\n`),
        "a bare LF after the request line": `GET ${metadata} HTTP/1.1\nHost: ${host}\r\n\r\n`,
        "bare LFs everywhere": `GET ${metadata} HTTP/1.1\nHost: ${host}\n\n`,
        "a bare LF within a field": get(`Host: ${host}\r\nX: a\nTransfer-Encoding: chunked\r\n`),
        "a bare CR within a field": get(`Host: ${host}\r\nX: a\rY: b\r\n`),
        "a folded line": get(`Host: ${host}\r\nX: a\r\n b\r\n`),
        "white space before a colon": get(`Host : ${host}\r\n`),
        "a bare CR before a value": get(`Host: \r${host}\r\n`),
        "a bare CR behind a value": get(`Host: ${host}\r\nX: a\r\r\n`),
        "a form feed behind a value": get(`Host: ${host}\x0c\r\n`),
        "a bare CR before a length": form(grant, `Content-Length: \r${grant.length}\r\n`),
        "a bare CR before a coding": form(`0\r\n\r\n`, "Transfer-Encoding: \rchunked\r\n"),
        "a form feed behind a coding": form(`0\r\n\r\n`, "Transfer-Encoding: chunked\x0c\r\n"),
        "a NUL": get(`Host: ${host}\r\nX: a\0b\r\n`),
        "absolute form for another host": get(`Host: ${host}\r\n`, `GET http://evil.test${metadata} HTTP/1.1`),
        "authority form": get(`Host: ${host}\r\n`, "CONNECT evil.test:443 HTTP/1.1"),
        "HTTP/3.0": get(`Host: ${host}\r\n`, `GET ${metadata} HTTP/3.0`),
        "two lengths": form(grant, `Content-Length: ${grant.length}\r\nContent-Length: ${grant.length}\r\n`),
        "a list of lengths": form(grant, `Content-Length: ${grant.length}, ${grant.length}\r\n`),
        "a signed length": form(grant, `Content-Length: +${grant.length}\r\n`),
        "a length beside chunks": form(`0\r\n\r\n${grant}`, `Content-Length: ${grant.length}\r\nTransfer-Encoding: chunked\r\n`),
        "chunks beside a length": form(`0\r\n\r\n${grant}`, `Transfer-Encoding: chunked\r\nContent-Length: ${grant.length}\r\n`),
        "chunked twice": form("0\r\n\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        "an unknown coding": form("0\r\n\r\n", "Transfer-Encoding: xchunked\r\n"),
        "chunked is not the last coding": form("0\r\n\r\n", "Transfer-Encoding: chunked, identity\r\n"),
        "a chunk whose size is no number": form(`0x1b\r\n${grant}\r\n0\r\n\r\n`, "Transfer-Encoding: chunked\r\n"),
        "a chunk that ends elsewhere": form(`1\r\n${grant}\r\n0\r\n\r\n`, "Transfer-Encoding: chunked\r\n"),
      };
      for (const [name, bytes] of Object.entries(rows)) {
        // Whatever comes behind it must not become a request.
        const answer = await exchange(port, `${bytes}GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        assert.deepEqual(statuses(answer), [400], `${name}: ${answer.slice(0, 200)}`);
        assert.match(answer, /^connection: close\r$/im, name);
      }
    });

    test("a request that reads in one way is answered", async () => {
      const rows = {
        "origin form": `GET ${metadata} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        "absolute form for this host": `GET http://${host}${metadata} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        "HTTP/1.0": `GET ${metadata} HTTP/1.0\r\n\r\n`,
        "a form with a length": form(grant, `Content-Length: ${grant.length}\r\n`),
        "a form in chunks": form(`5\r\n${grant.slice(0, 5)}\r\n${(grant.length - 5).toString(16)};x=y\r\n${grant.slice(5)}\r\n0\r\n\r\n`, "Transfer-Encoding: Chunked\r\n"),
      };
      for (const [name, bytes] of Object.entries(rows)) {
        assert.deepEqual(statuses(await exchange(port, bytes)), [200], name);
      }
    });

    test("requests one after the other on one connection are answered in their order", async () => {
      const get = (path, more = "") => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
      const answer = await exchange(port, get(metadata) + get("/nowhere") + get("/api/auth/jwks", "Connection: close\r\n"));
      assert.deepEqual(statuses(answer), [200, 404, 200]);
    });

    test("Upgrade is ignored (RFC 9110 §7.8)", async () => {
      for (const protocol of ["websocket", "h2c"]) {
        const upgrade = `Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n`;
        assert.deepEqual(statuses(await exchange(port, `GET ${metadata} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n`)), [200], protocol);
        assert.deepEqual(statuses(await exchange(port, form(grant, `Upgrade: ${protocol}\r\nContent-Length: ${grant.length}\r\n`))), [200], protocol);
      }
    });

    test("forms in another charset are 415", async () => {
      const headers = (charset) => `Host: ${host}\r\nConnection: close\r\nContent-Length: ${grant.length}\r\nContent-Type: application/x-www-form-urlencoded; charset=${charset}\r\n\r\n`;
      for (const path of ["/api/auth/oauth2/token", "/api/auth/oauth2/introspect", "/api/auth/oauth2/revoke", "/sign-in"]) {
        for (const charset of ["iso-8859-1", "utf-16", '"windows-1252"']) {
          assert.deepEqual(statuses(await exchange(port, `POST ${path} HTTP/1.1\r\n${headers(charset)}${grant}`)), [415], `${path} ${charset}`);
        }
        assert.notEqual(statuses(await exchange(port, `POST ${path} HTTP/1.1\r\n${headers("UTF-8")}${grant}`))[0], 415, path);
      }
    });

    test("number and size of fields are bounded: 431", async () => {
      const get = (fields) => `GET ${metadata} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${fields}\r\n`;
      assert.deepEqual(statuses(await exchange(port, get("X: y\r\n".repeat(62)))), [200]);
      assert.deepEqual(statuses(await exchange(port, get("X: y\r\n".repeat(63)))), [431]);
      assert.deepEqual(statuses(await exchange(port, get(`X: ${"y".repeat(17_000)}\r\n`))), [431]);
      assert.deepEqual(statuses(await exchange(port, `GET /${"a".repeat(17_000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)), [431]);
    });

    test("a connection that pipelines a thousand requests and never reads costs little, and ends", async (t) => {
      const { child } = deployment.processes[0];
      const request = Buffer.from(`GET ${metadata} HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(1_000));
      const before = residentMiB(child.pid);
      const sockets = Array.from({ length: 20 }, () => {
        const socket = connect({ port, host: "127.0.0.1", highWaterMark: 1 });
        socket.pause();
        socket.on("error", () => {});
        socket.write(request);
        return socket;
      });
      let most = 0;
      for (let i = 0; i < 20; i++) {
        await sleep(150);
        most = Math.max(most, residentMiB(child.pid));
      }
      const cost = (most - before) / sockets.length;
      t.diagnostic(`${cost.toFixed(2)} MiB for a connection, ${before.toFixed(0)} to ${most.toFixed(0)} MiB in all`);
      assert.ok(cost < 1, `${cost.toFixed(2)} MiB for a connection`);
      // Others are served meanwhile.
      assert.equal((await fetch(`${deployment.origin}${metadata}`)).status, 200);
      await sleep(11_000);
      const ended = sockets.map(async (socket) => {
        socket.resume();
        await Promise.race([once(socket, "close"), sleep(5_000).then(() => assert.fail("still open"))]);
      });
      await Promise.all(ended);
    });

    test("one address holds an eighth of the connections, and others are served meanwhile", async () => {
      // The server trusts 127.0.0.1 as a proxy, which has no share.
      const from = (localAddress) => connect({ port, host: "127.0.0.1", localAddress });
      const held = Array.from({ length: 160 }, () => {
        const socket = from("127.0.0.3");
        socket.on("error", () => {});
        socket.on("connect", () => socket.write("GET / HTTP/1.1\r\nX: "));
        socket.resume();
        return socket;
      });
      const open = () => held.filter((socket) => !socket.destroyed).length;
      for (let i = 0; i < 80 && open() > 128; i++) await sleep(100);
      assert.equal(open(), 128);
      const other = from("127.0.0.2");
      other.write(`GET ${metadata} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.match((await other.toArray()).join(""), /^HTTP\/1.1 200 /);
      for (const socket of held) socket.destroy();
    });

    test("behind a trusted proxy, limits are for whom the proxy names and not for what a stranger wrote", async () => {
      const attempt = async (n, forwarded) => {
        const response = await fetch(`${deployment.origin}/api/auth/sign-in/email`, {
          method: "POST",
          headers: { "content-type": "application/json", "x-forwarded-for": forwarded },
          body: JSON.stringify({ email: `nobody${n}@x.test`, password: "not the password of anybody" }),
        });
        return response.status;
      };
      // 60 a minute for one network, and a minute may end meanwhile. What stands further left in the list is a stranger's.
      const many = await Promise.all(Array.from({ length: 130 }, (_, n) => attempt(n, `198.51.100.${n}, 2001:db8:0:1::${n}`)));
      assert.ok(many.includes(429), `${many}`);
      assert.equal(await attempt(1_000, "203.0.113.1"), 401);
      assert.equal(await attempt(1_001, "2001:db8:0:2::1"), 401);
    });
  });

  describe(`edges, the end: ${target.name}`, () => {
    test("requests that were accepted are answered when the server is told to end", async () => {
      const deployment = await Deployment.start(target, { env: { RUST_LOG: "info" } });
      const [{ port, child, exited }] = deployment.processes;
      const body = JSON.stringify({ email: "nobody@x.test", password: "not the password of anybody", name: "x" });
      const post = `POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const answers = Array.from({ length: 60 }, () => exchange(port, post, { patience: 15_000 }));
      await sleep(100);
      child.kill("SIGTERM");
      const answered = (await Promise.all(answers)).map(statuses);
      assert.deepEqual(answered.filter((all) => all.length !== 1), [], "each gets one answer");
      await exited;
      await deployment.close();
    });

    test("a request is acted on to its end when its caller hangs up", async () => {
      const deployment = await Deployment.start(target, { env: { RUST_LOG: "info" } });
      const [{ port }] = deployment.processes;
      for (let n = 0; n < 12; n++) {
        const body = JSON.stringify({ email: `gone${n}@x.test`, password: "a horse, correct, with staples", name: "Gone" });
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        // A sign-up hashes a password first, and makes the account then.
        socket.write(`POST /api/auth/sign-up/email HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        await sleep(n);
        socket.resetAndDestroy();
      }
      const signIn = (n) =>
        fetch(`${deployment.origin}/api/auth/sign-in/email`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ email: `gone${n}@x.test`, password: "a horse, correct, with staples" }),
        });
      await sleep(3_000);
      const missing = [];
      for (let n = 2; n < 12; n++) if ((await signIn(n)).status !== 200) missing.push(n);
      assert.deepEqual(missing, [], "accounts that were asked for and not made");
      await deployment.close();
    });
  });
}
