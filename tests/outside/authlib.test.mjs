// A Python relying party, authlib, walks the code grant.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { Deployment, redirectUri, targets } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { approve, notes } from "../lib/code.mjs";

const target = targets[0];

describe(`authlib on ${target.name}`, () => {
  let deployment;
  before(async () => (deployment = await Deployment.start(target)));
  after(() => deployment?.close());

  test("code with PKCE, ID token, refresh, introspection, revocation", async () => {
    const python = process.env.COUNTERSIGN_TEST_PYTHON;
    assert.ok(python, "COUNTERSIGN_TEST_PYTHON is not set: run ./test");
    const alice = new Person(deployment);
    const { user } = await alice.signUp();
    const child = spawn(python, [new URL("../lib/authlib_client.py", import.meta.url).pathname, deployment.issuer, notes.client_id, notes.client_secret, redirectUri], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value: url } = await lines.next();
    const answer = await approve(alice, { url });
    child.stdin.write(`${redirectUri}?${new URLSearchParams(answer)}\n`);
    child.stdin.end();
    const { value: report } = await lines.next();
    const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(report), { sub: user.id, email: alice.email, rotated: true, active: true, afterwards: false });
  });
});
