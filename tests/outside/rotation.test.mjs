// Signing keys rotated under load, on two processes: no valid token is refused anywhere.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { Deployment, clients, shared } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { freshTokens, token, userinfo } from "../lib/code.mjs";

const machine = clients.find(({ client_id }) => client_id === "machine");

for (const target of shared) {
  describe(`rotation on ${target.name}`, () => {
    let deployment;
    before(async () => (deployment = await Deployment.start(target, { processes: 2, env: { COUNTERSIGN_KEY_LEAD_SECONDS: "4", RUST_LOG: "warn" } })));
    after(() => deployment?.close());

    test("tokens of the old and of the new key are honoured by the issuer and by an offline verifier", async () => {
      const alice = new Person(deployment);
      await alice.signUp();
      let { refresh_token } = await freshTokens(alice, deployment);
      const keys = [0, 1].map((n) => createRemoteJWKSet(new URL(deployment.at(`${deployment.issuer}/jwks`, n)), { cacheMaxAge: 2000, cooldownDuration: 0 }));
      const kids = new Set();
      let checked = 0;
      const verify = async (accessToken, n) => {
        const { protectedHeader } = await jwtVerify(accessToken, keys[n % 2], { issuer: deployment.issuer, audience: machine.resource, typ: "at+jwt" });
        kids.add(protectedHeader.kid);
        checked++;
      };
      let rotated = false;
      // Until both keys have signed, and a while longer; a slow machine may take half a minute.
      const end = Date.now() + 30_000;
      let afterwards = 0;
      const old = (await freshTokens(alice, deployment)).access_token;
      for (let n = 0; Date.now() < end && afterwards < 60; n++) {
        if (kids.size > 1) afterwards++;
        if (!rotated && n > 5) {
          deployment.processes[0].child.kill("SIGUSR1");
          rotated = true;
        }
        const own = await token(deployment, { grant_type: "client_credentials" }, { client: machine, n });
        assert.equal(own.status, 200);
        await verify(own.body.access_token, n + 1);
        await verify(old, n);
        assert.equal((await userinfo(deployment, old, n)).status, 200);
        if (n % 40 === 0) {
          const next = await token(deployment, { grant_type: "refresh_token", refresh_token }, { n });
          assert.equal(next.status, 200, JSON.stringify(next.body));
          refresh_token = next.body.refresh_token;
          assert.equal((await userinfo(deployment, next.body.access_token, n + 1)).status, 200);
        }
      }
      assert.equal(kids.size, 2, `${checked} tokens were checked, by ${kids.size} keys`);
    });
  });
}
