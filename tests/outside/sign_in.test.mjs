// Sign-in over HTTP: passwords, sessions, cookies, origins (ASVS V6 and V7; attacks O and R).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Deployment, targets } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";

for (const target of targets) {
  describe(`sign-in on ${target.name}`, () => {
    let deployment;
    before(async () => (deployment = await Deployment.start(target)));
    after(() => deployment?.close());

    test("a person signs up, is signed in, signs out, and the session is dead on the server", async () => {
      const alice = new Person(deployment);
      const { user } = await alice.signUp();
      assert.equal(user.email, alice.email);
      assert.equal((await alice.session()).user.id, user.id);
      const stolen = new Map([...alice.jar].map(([host, cookies]) => [host, new Map(cookies)]));
      assert.equal((await alice.api("/sign-out", {})).status, 200);
      alice.jar = stolen;
      assert.equal(await alice.session(), null);
    });

    test("an unknown user and a wrong password get the same answer", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      const wrong = await alice.signIn("not the right password");
      const nobody = await new Person(deployment).signIn("not the right password");
      assert.equal(wrong.status, 401);
      assert.equal(nobody.status, 401);
      assert.equal(await wrong.text(), await nobody.text());
    });

    test("signing in kills the session that the browser held before, and names it anew", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      const before_ = new Map([...alice.jar].map(([host, cookies]) => [host, new Map(cookies)]));
      assert.equal((await alice.signIn()).status, 200);
      assert.notDeepEqual(alice.jar, before_);
      alice.jar = before_;
      assert.equal(await alice.session(), null);
    });

    test("the session cookie is HttpOnly, SameSite and of the whole host", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      const line = (await alice.signIn()).headers.getSetCookie().find((l) => /httponly/i.test(l));
      assert.match(line, /; ?HttpOnly/i);
      assert.match(line, /; ?SameSite=Lax/i);
      assert.match(line, /; ?Path=\/(;|$)/i);
      assert.doesNotMatch(line, /domain=/i);
    });

    test("sessions are listed and revoked by their owner only", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      const phone = new Person(deployment);
      Object.assign(phone, { email: alice.email, password: alice.password });
      assert.equal((await phone.signIn()).status, 200);
      const sessions = await (await alice.request(`${deployment.issuer}/list-sessions`)).json();
      assert.equal(sessions.length, 2);
      const phoneSession = (await phone.session()).session.id;
      const bob = new Person(deployment);
      await bob.signUp();
      await bob.api("/revoke-session", { token: phoneSession, id: phoneSession });
      assert.notEqual(await phone.session(), null, "bob cannot revoke alice's session");
      assert.equal((await alice.api("/revoke-session", { token: phoneSession, id: phoneSession })).status, 200);
      assert.equal(await phone.session(), null);
      assert.notEqual(await alice.session(), null);
    });

    test("a state-changing request from a foreign origin is refused", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      for (const origin of ["https://evil.test", "null", `${deployment.origin}.evil.test`]) {
        assert.equal((await alice.api("/sign-out", {}, { origin })).status, 403, origin);
      }
      assert.notEqual(await alice.session(), null);
    });

    test("only JSON that is JSON is read", async () => {
      const alice = new Person(deployment);
      const send = (type, body) => alice.request(`${deployment.issuer}/sign-up/email`, { method: "POST", headers: { "content-type": type, origin: deployment.origin }, body });
      const good = JSON.stringify({ name: "x", email: alice.email, password: alice.password });
      assert.equal((await send("text/plain", good)).status, 415);
      assert.equal((await send("application/x-www-form-urlencoded", good)).status, 415);
      assert.equal((await send("application/json", good.slice(0, -1))).status, 400);
      assert.equal((await send("application/json", `{"email":"a@b.test",${good.slice(1)}`)).status, 400);
      assert.ok([400, 413].includes((await send("application/json", JSON.stringify({ name: "x", email: alice.email, password: "x".repeat(1 << 20) }))).status));
      assert.equal((await alice.signIn()).status, 401, "nothing was stored");
    });

    test("guessing is slowed down, with Retry-After", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      let throttled;
      for (let i = 0; i < 40 && !throttled; i++) {
        const response = await alice.signIn(`wrong password ${i}`);
        if (response.status === 429) throttled = response;
        else assert.equal(response.status, 401);
      }
      assert.ok(throttled, "no 429 within 40 guesses");
      assert.ok(Number(throttled.headers.get("retry-after")) >= 1);
    });

    test("an address has one account, whatever its case", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      const again = new Person(deployment);
      again.email = alice.email.toUpperCase();
      const response = await again.api("/sign-up/email", { name: "x", email: again.email, password: again.password });
      assert.equal(response.status, 422);
    });
  });
}
