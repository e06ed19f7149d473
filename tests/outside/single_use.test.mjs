// Single use across processes: four servers on one database, 64 requests at once, exactly one winner.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Deployment, shared } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { approve, authorizationUrl, freshCode, freshTokens, token, userinfo } from "../lib/code.mjs";
import { Host, decide } from "../lib/agent.mjs";

const rounds = Number(process.env.COUNTERSIGN_ROUNDS ?? 5);
const many = (count, make) => Promise.all(Array.from({ length: count }, (_, n) => make(n)));

for (const target of shared) {
  describe(`single use on ${target.name}, four processes`, () => {
    let deployment, alice;
    before(async () => {
      deployment = await Deployment.start(target, { processes: 4, env: { RUST_LOG: "warn" } });
      alice = new Person(deployment);
      await alice.signUp();
    });
    after(() => deployment?.close());

    test("a code: one redemption, the rest invalid_grant, and its tokens dead afterwards", async () => {
      for (let round = 0; round < rounds; round++) {
        const grant = await freshCode(alice, deployment);
        const answers = await many(64, (n) => token(deployment, grant, { n }));
        const won = answers.filter(({ status }) => status === 200);
        assert.equal(won.length, 1, `round ${round}: ${JSON.stringify(answers.map((a) => a.status))}`);
        for (const lost of answers.filter(({ status }) => status !== 200)) assert.deepEqual([lost.status, lost.body.error], [400, "invalid_grant"]);
        assert.equal((await userinfo(deployment, won[0].body.access_token, round)).status, 401);
      }
    });

    test("a refresh token: one successor, however many ask", async () => {
      for (let round = 0; round < rounds; round++) {
        const tokens = await freshTokens(alice, deployment);
        const answers = await many(64, (n) => token(deployment, { grant_type: "refresh_token", refresh_token: tokens.refresh_token }, { n }));
        const successors = new Set(answers.filter(({ status }) => status === 200).map(({ body }) => body.refresh_token));
        assert.equal(successors.size, 1, `round ${round}`);
        for (const lost of answers.filter(({ status }) => status !== 200)) assert.deepEqual([lost.status, lost.body.error], [400, "invalid_grant"]);
        assert.ok(!successors.has(tokens.refresh_token));
      }
    });

    test("a consent: one code", async () => {
      const page = await alice.open(authorizationUrl(deployment, { prompt: "consent" }).url);
      const { formOf } = await import("../lib/person.mjs");
      const form = formOf(page.html, page.address, { button: "approve", selector: 'form[action^="/consent"]' });
      const answers = await many(64, (n) =>
        alice.request(deployment.at(form.action, n), {
          method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", origin: deployment.origin }, body: new URLSearchParams(form.fields).toString(),
        }));
      const codes = new Set(answers.map((a) => a.headers.get("location")).filter(Boolean).map((l) => new URL(l, deployment.origin).searchParams.get("code")).filter(Boolean));
      assert.equal(codes.size, 1);
      for (const answer of answers) assert.ok(answer.status < 500, String(answer.status));
    });

    test("an agent JWT: one execution, the rest invalid_jwt; an approval: one outcome", async () => {
      const host = await Host.create(deployment);
      const { agent, body } = await host.register({ capabilities: ["check_balance"] });
      const page = await alice.open(body.approval.verification_uri_complete);
      const { formOf } = await import("../lib/person.mjs");
      const forms = ["approve", "deny"].map((button) => formOf(page.html, page.address, { button, selector: 'form[action="/device"]' }));
      forms[0].fields.push(["confirm", "yes"]);
      const decisions = await many(64, (n) =>
        alice.request(deployment.at(forms[n % 2].action, n), {
          method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", origin: deployment.origin }, body: new URLSearchParams(forms[n % 2].fields).toString(),
        }));
      for (const answer of decisions) assert.ok(answer.status < 500, String(answer.status));
      const { status } = (await host.status(agent.id)).body;
      assert.ok(["active", "rejected"].includes(status), status);
      let active = agent;
      if (status === "rejected") {
        const again = await host.register({ capabilities: ["check_balance"] });
        // The answers that lost count as attempts at a code, so that alice has none left for now.
        const carol = new Person(deployment);
        await carol.signUp();
        await decide(carol, again.body.approval);
        active = again.agent;
      }
      for (let round = 0; round < rounds; round++) {
        const bearer = await active.token({ capabilities: ["check_balance"] });
        const answers = await many(64, (n) => active.execute("check_balance", { account_id: "a" }, { bearer, n }));
        assert.equal(answers.filter((a) => a.status === 200).length, 1, `round ${round}: ${JSON.stringify(answers.map((a) => a.status))}`);
        for (const lost of answers.filter((a) => a.status !== 200)) assert.deepEqual([lost.status, lost.body.error], [401, "invalid_jwt"]);
      }
      await host.revokeAgent(active.id);
      for (let n = 0; n < 4; n++) assert.equal((await active.execute("check_balance", { account_id: "a" }, { n })).body.error, "agent_revoked");
    });

    test("a revoked session is dead on every process at once", async () => {
      const bob = new Person(deployment);
      await bob.signUp();
      const cookies = new Map([...bob.jar].map(([host, jar]) => [host, new Map(jar)]));
      await bob.api("/sign-out", {});
      bob.jar = cookies;
      for (let n = 0; n < 4; n++) assert.equal(await (await bob.request(deployment.at(`${deployment.issuer}/get-session`, n))).json(), null);
    });
  });
}
