// What must not be in a log, a store or a body.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Deployment, notesSecret, otherSecret, targets } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { freshCode, token, userinfo } from "../lib/code.mjs";
import { Host, decide } from "../lib/agent.mjs";

/** Keeps every body that a server sends from now on; the function that it returns ends that and hands them out. */
function recordBodies() {
  const plain = globalThis.fetch;
  const seen = [];
  globalThis.fetch = async (url, init) => {
    const response = await plain(url, init);
    seen.push(response.clone().text().then((body) => ({ path: new URL(url).pathname, body })));
    return response;
  };
  return () => {
    globalThis.fetch = plain;
    return Promise.all(seen);
  };
}

/** Everything that is in the database, as text. */
function dump(deployment, database) {
  if (database === "sqlite") return readdirSync(deployment.folder).filter((f) => f.startsWith("authco.db")).map((f) => readFileSync(join(deployment.folder, f), "latin1")).join("");
  if (database === "memory") return "";
  const url = new URL(deployment.env.COUNTERSIGN_DATABASE);
  const schema = url.searchParams.get("schema");
  url.searchParams.delete("schema");
  const table = (name) => execFileSync("psql", ["-qAt", url.href, "-c", `SELECT * FROM ${schema}.${name}`], { encoding: "utf8", maxBuffer: 1 << 26 });
  const names = execFileSync("psql", ["-qAt", url.href, "-c", `SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`], { encoding: "utf8" }).trim().split("\n");
  return names.map(table).join("\n");
}

for (const target of targets) {
  describe(`canaries on ${target.name}`, () => {
    let deployment;
    before(async () => (deployment = await Deployment.start(target)));
    after(() => deployment?.close());

    test("no secret is in a log at the most verbose level, nor in the store, nor in a body but the one that issues it", async () => {
      const bodies = recordBodies();
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
      const stored = dump(deployment, target.database);
      const said = await bodies();
      const issued = ["access token", "ID token", "refresh token", "second refresh token"];
      for (const [name, value] of Object.entries(canaries)) {
        if (!value) continue;
        assert.ok(!logs.includes(value), `${name} is in the log`);
        assert.ok(!stored.includes(value), `${name} is in the store`);
        // A user code is for the person's eyes, so it is on their page; the client wrote the URL that holds a code.
        if (name === "user code") continue;
        const told = said.filter(({ body }) => body.includes(value)).map(({ path }) => path);
        assert.deepEqual(told, issued.includes(name) ? ["/api/auth/oauth2/token"] : [], `${name} in a body`);
      }
      if (target.database !== "memory") assert.ok(stored.includes(alice.email), "the control: what is not secret is found");
      assert.ok(said.some(({ body }) => body.includes(alice.email)), "the control: bodies were seen");
      if (target.database === "sqlite") {
        assert.equal(statSync(join(deployment.folder, "authco.db")).mode & 0o077, 0, "nobody else reads the file");
      }
    });
  });
}
