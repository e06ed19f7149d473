// Start-up, stopping and crashing.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Deployment, shared, targets, freePort } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { freshCode, freshTokens, token, userinfo } from "../lib/code.mjs";

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

    test("refuses a missing, short or guessable secret, naming the setting and never the value", async () => {
      for (const secret of [undefined, "", "short-secret-value", "x".repeat(32)]) {
        const { code, said } = await start(secret === undefined ? {} : { COUNTERSIGN_SECRET: secret });
        assert.notEqual(code, 0);
        assert.match(said, /COUNTERSIGN_SECRET/);
        if (secret) assert.ok(!said.includes(secret));
      }
    });

    test("refuses an issuer that is no issuer, and a database that is no database", async () => {
      const COUNTERSIGN_SECRET = "Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go";
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
      let over = false;
      load.finally(() => (over = true));
      while (!over && acknowledged.length < 12) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(acknowledged.length >= 12, "the load ran");
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
        // What was answered is there; what was cut off before an answer may be asked again, once.
        if (result.status === "fulfilled") assert.equal((await userinfo(deployment, result.value.body.access_token)).status, 200);
        else assert.ok([200, 400].includes((await token(deployment, grants[n])).status));
      }
    });
  });
}

