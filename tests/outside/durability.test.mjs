// Start-up, stopping and crashing (ATK-512, 513, 520, 521), and what must not be in a log or a store (ATK-410, 538).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Deployment, shared, targets, freePort, notesSecret, otherSecret } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { freshCode, freshTokens, token, userinfo } from "../lib/code.mjs";
import { Host, decide } from "../lib/agent.mjs";

for (const framework of new Set(targets.map((t) => t.framework))) {
  describe(`start-up of ${framework}`, () => {
    const target = process.env.CARGO_TARGET_DIR ?? new URL("../../target", import.meta.url).pathname;
    const start = async (env) => {
      const port = await freePort();
      const child = spawn(join(target, "debug", `countersign-${framework}-issuer`), [], {
        env: { PATH: process.env.PATH, COUNTERSIGN_LISTEN: `127.0.0.1:${port}`, COUNTERSIGN_ISSUER: `http://localhost:${port}/api/auth`, COUNTERSIGN_DATABASE: "memory:", ...env },
      });
      let said = "";
      child.stderr.on("data", (chunk) => (said += chunk));
      child.stdout.on("data", (chunk) => (said += chunk));
      const [code] = await once(child, "exit");
      return { code, said };
    };

    test("refuses a missing or short secret, naming the setting and never the value", async () => {
      for (const secret of [undefined, "", "short-secret-value"]) {
        const { code, said } = await start(secret === undefined ? {} : { COUNTERSIGN_SECRET: secret });
        assert.notEqual(code, 0);
        assert.match(said, /COUNTERSIGN_SECRET/);
        if (secret) assert.ok(!said.includes(secret));
      }
    });

    test("refuses an issuer that is no issuer, and a database that is no database", async () => {
      const COUNTERSIGN_SECRET = "x".repeat(32);
      for (const [name, value] of [["COUNTERSIGN_ISSUER", "http://example.test/api"], ["COUNTERSIGN_ISSUER", "https://example.test/api?x=1"], ["COUNTERSIGN_DATABASE", "oracle:abc"]]) {
        const { code, said } = await start({ COUNTERSIGN_SECRET, [name]: value });
        assert.notEqual(code, 0, value);
        assert.match(said, new RegExp(name));
      }
      const { said } = await start({ COUNTERSIGN_SECRET, COUNTERSIGN_DATABASE: "postgres://user:canary-password@127.0.0.1:1/none" });
      assert.doesNotMatch(said, /canary-password/);
    });
  });
}

for (const target of shared) {
  describe(`crashes on ${target.name}`, () => {
    let deployment;
    before(async () => (deployment = await Deployment.start(target, { processes: 1 })));
    after(() => deployment?.close());

    test("kill -9 under load loses nothing that was acknowledged", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      const acknowledged = [];
      let stop = false;
      const load = Promise.all(Array.from({ length: 8 }, async () => {
        while (!stop && acknowledged.length < 400) {
          const person = new Person(deployment);
          try {
            await person.signUp();
            acknowledged.push(person);
          } catch {
            return;
          }
        }
      }));
      while (acknowledged.length < 12) await new Promise((resolve) => setTimeout(resolve, 20));
      const [first] = deployment.processes;
      first.child.kill("SIGKILL");
      stop = true;
      await first.exited;
      await load;
      deployment.processes = [];
      await deployment.add(first.port);
      assert.notEqual(await alice.session(), null);
      for (const person of acknowledged) assert.notEqual(await person.session(), null, "an acknowledged sign-up is there");
      assert.equal((await freshTokens(alice, deployment)).token_type.toLowerCase(), "bearer");
    });

    test("SIGTERM finishes what is in flight and refuses the rest", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      const grants = [];
      for (let n = 0; n < 4; n++) grants.push(await freshCode(alice, deployment));
      const flying = grants.map((grant) => token(deployment, grant));
      await new Promise((resolve) => setTimeout(resolve, 5));
      const [process_] = deployment.processes;
      process_.child.kill("SIGTERM");
      const results = await Promise.allSettled(flying);
      for (const result of results) if (result.status === "fulfilled") assert.equal(result.value.status, 200);
      const [code] = await process_.exited;
      assert.equal(code, 0);
      deployment.processes = [];
      await deployment.add(process_.port);
      for (const [n, result] of results.entries()) {
        if (result.status === "fulfilled") assert.equal((await userinfo(deployment, result.value.body.access_token)).status, 200);
        else assert.ok(n >= 0);
      }
    });
  });
}

for (const target of targets) {
  describe(`canaries on ${target.name}`, () => {
    let deployment;
    before(async () => (deployment = await Deployment.start(target)));
    after(() => deployment?.close());

    test("no secret is in a log at the most verbose level, nor in the store", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      await alice.signIn("a wrong password that is a canary");
      const grant = await freshCode(alice, deployment);
      const first = await token(deployment, grant);
      const second = await token(deployment, { grant_type: "refresh_token", refresh_token: first.body.refresh_token });
      await token(deployment, { ...grant, code_verifier: undefined });
      await userinfo(deployment, first.body.access_token);
      const host = await Host.create(deployment);
      const { agent, body } = await host.register({ capabilities: ["check_balance"] });
      await decide(alice, body.approval);
      const bearer = await agent.token();
      await agent.execute("check_balance", { account_id: "a" }, { bearer });
      const cookies = [...alice.jar.values()].flatMap((jar) => [...jar.values()]);
      const canaries = {
        password: alice.password,
        "wrong password": "a wrong password that is a canary",
        code: grant.code,
        verifier: grant.code_verifier,
        "access token": first.body.access_token.split(".")[2],
        "ID token": first.body.id_token.split(".")[2],
        "refresh token": first.body.refresh_token,
        "second refresh token": second.body.refresh_token,
        "client secret": notesSecret,
        "other client's secret": otherSecret,
        "server secret": deployment.secret,
        "agent JWT": bearer.split(".")[2],
        "user code": body.approval.user_code,
        "database URL": deployment.env.COUNTERSIGN_DATABASE.startsWith("postgres") ? deployment.env.COUNTERSIGN_DATABASE : undefined,
      };
      cookies.filter((value) => value.length >= 20).forEach((value, n) => (canaries[`cookie ${n}`] = value));
      const logs = deployment.logs();
      assert.ok(logs.length > 0, "there is a log");
      const stored = target.database === "sqlite" ? readdirSync(deployment.folder).filter((f) => f.startsWith("authco.db")).map((f) => readFileSync(join(deployment.folder, f), "latin1")).join("") : "";
      for (const [name, value] of Object.entries(canaries)) {
        if (!value) continue;
        assert.ok(!logs.includes(value), `${name} is in the log`);
        assert.ok(!stored.includes(value), `${name} is in the store`);
      }
      if (target.database === "sqlite") {
        assert.ok(stored.includes(alice.email), "the control: what is not secret is found");
        assert.equal(statSync(join(deployment.folder, "authco.db")).mode & 0o077, 0, "nobody else reads the file");
      }
    });
  });
}
