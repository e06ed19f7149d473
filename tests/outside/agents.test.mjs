// Agents over HTTP: registration, approval, execution within constraints, refusal, revocation (Agent Auth 1.0-draft).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Deployment, targets } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { Host, decide, newKey } from "../lib/agent.mjs";

const pay = (amount, more = {}) => ({ amount, currency: "USD", to: "acc", ...more });

for (const target of targets) {
  describe(`agents on ${target.name}`, () => {
    let deployment, alice, host, agent;
    before(async () => {
      deployment = await Deployment.start(target);
      alice = new Person(deployment);
      await alice.signUp();
      host = await Host.create(deployment);
      const registered = await host.register();
      assert.equal(registered.status, 200, JSON.stringify(registered.body));
      assert.equal(registered.body.status, "pending");
      agent = registered.agent;
      const early = await agent.execute("check_balance", { account_id: "a" });
      assert.equal(early.status, 403, "an unapproved agent executes nothing");
      assert.ok(["agent_pending", "host_pending"].includes(early.body.error), early.body.error);
      const done = await decide(alice, registered.body.approval);
      assert.equal(done.response.status, 200, done.html);
      assert.equal((await host.status(agent.id)).body.status, "active");
    });
    after(() => deployment?.close());

    test("discovery names what is served", async () => {
      for (const member of ["version", "provider_name", "description", "issuer", "algorithms", "modes", "approval_methods", "endpoints"]) assert.ok(host.config[member], member);
      for (const name of Object.keys(host.config.endpoints)) assert.notEqual((await fetch(host.url(name))).status, 404, name);
    });

    test("it executes within its constraint, and is refused outside", async () => {
      assert.equal((await agent.execute("transfer_money", pay(100))).status, 200);
      const rows = [pay(101), pay(50, { currency: "usd" }), pay(50, { currency: ["USD"] }), { currency: "USD", to: "acc" }, pay("50"), pay(100.0000001)];
      for (const args of rows) {
        const refused = await agent.execute("transfer_money", args);
        assert.ok([400, 403].includes(refused.status), JSON.stringify(args));
        assert.ok(["constraint_violated", "invalid_request"].includes(refused.body.error), refused.body.error);
        assert.equal(refused.body.data, undefined);
      }
    });

    test("a capability that was not granted is refused, an unknown one unknown", async () => {
      assert.equal((await agent.execute("ping")).body.error, "capability_not_granted");
      assert.equal((await agent.execute("no_such_thing")).body.error, "capability_not_found");
      const narrowed = await agent.execute("transfer_money", pay(1), { bearer: await agent.token({ capabilities: ["check_balance"] }) });
      assert.equal(narrowed.body.error, "capability_not_granted");
    });

    test("JWTs that are not right for this call (attacks S)", async () => {
      const stranger = await newKey();
      const rows = {
        "other audience": await agent.token({ aud: "https://elsewhere.test/capability/execute" }),
        "no audience": await agent.token({ aud: undefined }),
        expired: await agent.token({}, { issuedAt: Math.floor(Date.now() / 1000) - 120 }),
        "from the future": await agent.token({}, { issuedAt: Math.floor(Date.now() / 1000) + 45 }),
        "lives an hour": await agent.token({}, { lifetime: 3600 }),
        "no jti": await agent.token({ jti: undefined }),
        "no exp": await agent.token({ exp: undefined }),
        "foreign iss": await agent.token({ iss: stranger.kid }),
        "host's typ": await host.token({ sub: agent.id, aud: host.location }),
        "another key": await Object.assign(Object.create(Object.getPrototypeOf(agent)), agent, { key: { ...stranger, kid: agent.key.kid } }).token(),
        "unknown agent": await agent.token({ sub: "agt_unknown" }),
      };
      for (const [name, bearer] of Object.entries(rows)) {
        const refused = await agent.execute("check_balance", { account_id: "a" }, { bearer });
        assert.equal(refused.status, 401, name);
        assert.equal(refused.body.error, "invalid_jwt", name);
      }
    });

    test("an agent JWT is used once, a host JWT too", async () => {
      const bearer = await agent.token({ capabilities: ["check_balance"] });
      assert.equal((await agent.execute("check_balance", { account_id: "a" }, { bearer })).status, 200);
      const again = await agent.execute("check_balance", { account_id: "a" }, { bearer });
      assert.equal(again.status, 401);
      const hostToken = await host.token();
      const status = (token) => host.call("GET", "status", { bearer: token, query: `?agent_id=${agent.id}` });
      assert.equal((await status(hostToken)).status, 200);
      assert.equal((await status(hostToken)).status, 401);
    });

    test("malformed bodies are 400 and change nothing", async () => {
      const post = async (body) => host.call("POST", "execute", { bearer: await agent.token(), body });
      for (const body of ['{"capability":"transfer_money","arguments":{"amount":1000000,"amount":1,"currency":"USD","to":"x"}}', '{"capability":', '{"capability":5}', "[]", '{"capability":"transfer_money","arguments":{"amount":1,"currency":"USD","to":"x","override_limit":true}}']) {
        const refused = await post(body);
        assert.equal(refused.status, 400, body);
        assert.equal(refused.body.error, "invalid_request", body);
      }
    });

    test("registration: unknown capability, unknown operator, foreign iss, weak key", async () => {
      const other = await Host.create(deployment);
      assert.equal((await other.register({ capabilities: ["nothing"] })).body.error, "invalid_capabilities");
      assert.equal((await other.register({ capabilities: [{ name: "transfer_money", constraints: { amount: { lte: 5 } } }] })).body.error, "unknown_constraint_operator");
      assert.equal((await other.register({ mode: "telepathic" })).status, 400);
      const key = await newKey();
      const forged = await other.call("POST", "register", { bearer: await other.token({ iss: key.kid, agent_public_key: key.jwk }), body: { name: "x", mode: "delegated" } });
      assert.equal(forged.body.error, "invalid_jwt");
      const weak = await other.call("POST", "register", { bearer: await other.token({ agent_public_key: { kty: "OKP", crv: "Ed25519", x: "A".repeat(43) } }), body: { name: "x", mode: "delegated" } });
      assert.equal(weak.status, 400);
    });

    test("denied is rejected; another person cannot approve for a linked host", async () => {
      const second = await host.register({ capabilities: ["check_balance"] });
      assert.equal(second.body.status, "pending");
      const bob = new Person(deployment);
      await bob.signUp();
      const page = await bob.open(second.body.approval.verification_uri_complete);
      if (page.html.includes('value="approve"')) {
        const refused = await bob.submit(page, { button: "approve", changes: { confirm: "yes" }, selector: 'form[action="/device"]' });
        assert.ok([400, 403, 404].includes(refused.response.status), String(refused.response.status));
      } else {
        assert.ok([403, 404].includes(page.response.status), String(page.response.status));
      }
      assert.equal((await host.status(second.agent.id)).body.status, "pending");
      await decide(alice, second.body.approval, { button: "deny" });
      assert.equal((await host.status(second.agent.id)).body.status, "rejected");
      assert.equal((await second.agent.execute("check_balance", { account_id: "a" })).status, 403);
    });

    test("opening the verification link approves nothing (RFC 8628 §5.4)", async () => {
      const pending = await host.register({ capabilities: [{ name: "transfer_money", constraints: { amount: { max: 1 } } }] });
      await alice.open(pending.body.approval.verification_uri_complete);
      assert.equal((await host.status(pending.agent.id)).body.status, "pending");
    });

    test("introspection says what an agent may do, and nothing of a token that proves nothing", async () => {
      const introspect = async (token) => (await host.call("POST", "introspect", { body: { token } })).body;
      const active = await introspect(await agent.token({ aud: host.config.issuer }));
      assert.equal(active.active, true);
      assert.deepEqual(active.agent_capability_grants.map((grant) => grant.capability).sort(), ["check_balance", "transfer_money"]);
      const stranger = Object.assign(Object.create(Object.getPrototypeOf(agent)), agent, { key: await newKey() });
      for (const token of [await stranger.token({ aud: host.config.issuer }), await host.token(), "x.y.z"]) assert.deepEqual(await introspect(token), { active: false });
    });

    test("revoked from the dashboard, the next call fails; so does everything of a revoked host", async () => {
      const dashboard = await alice.open(`${deployment.origin}/dashboard`);
      const form = `form[action^="/dashboard/agents/revoke"]:has(input[value="${agent.id}"])`;
      const done = await alice.submit(dashboard, { selector: form });
      assert.equal(done.response.status, 200);
      const refused = await agent.execute("check_balance", { account_id: "a" });
      assert.equal(refused.status, 403);
      assert.equal(refused.body.error, "agent_revoked");
      const next = await host.register({ capabilities: ["check_balance"] });
      await decide(alice, next.body.approval);
      assert.equal((await next.agent.execute("check_balance", { account_id: "a" })).status, 200);
      const gone = await host.call("POST", "revoke_host", { bearer: await host.token(), body: {} });
      assert.equal(gone.status, 200);
      assert.ok(gone.body.agents_revoked >= 1);
      assert.equal((await next.agent.execute("check_balance", { account_id: "a" })).status, 403);
    });
  });
}
