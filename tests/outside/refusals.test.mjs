// What must be refused, and how: redirects, parameters, consent, tokens, callers (attacks F, G, H, J, L, B, C).
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Deployment, clients, redirectUri, targets } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { approve, authorizationUrl, basic, freshCode, freshTokens, introspect, notes, other, token, userinfo } from "../lib/code.mjs";

const b64 = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

for (const target of targets) {
  describe(`refusals on ${target.name}`, () => {
    let deployment, alice;
    before(async () => {
      deployment = await Deployment.start(target);
      alice = new Person(deployment);
      await alice.signUp();
    });
    after(() => deployment?.close());

    test("before client and redirect URI are proven there is our own page and no redirect (RFC 6749 §4.1.2.1)", async () => {
      const rows = {
        "trailing slash": { redirect_uri: `${redirectUri}/` },
        "added query": { redirect_uri: `${redirectUri}?next=https://evil.test` },
        "other host": { redirect_uri: "https://evil.test/callback" },
        "longer host": { redirect_uri: "http://127.0.0.1:4999.evil.test/callback" },
        "dot segments": { redirect_uri: "http://127.0.0.1:4999/x/../callback" },
        "other port of a web client": { redirect_uri: "http://127.0.0.1:5000/callback" },
        "other client's URI": { redirect_uri: other.redirect_uris[0] },
        "sent twice": { redirect_uri: [redirectUri, "https://evil.test/"] },
        "omitted with two registered": { redirect_uri: undefined },
        "unknown client": { client_id: "nobody" },
        "client sent twice": { client_id: ["notes", "other"] },
        "no client": { client_id: undefined },
      };
      for (const [name, changes] of Object.entries(rows)) {
        const response = await alice.request(authorizationUrl(deployment, changes).url);
        assert.equal(response.status, 400, name);
        assert.equal(response.headers.get("location"), null, name);
        assert.match(response.headers.get("content-type"), /text\/html/, name);
      }
    });

    test("afterwards a bad request goes back with error, state and iss (RFC 6749 §4.1.2.1, RFC 9207)", async () => {
      const rows = [
        [{ response_type: "token" }, "unsupported_response_type"],
        [{ response_type: undefined }, "invalid_request"],
        [{ code_challenge: undefined }, "invalid_request"],
        [{ code_challenge_method: "plain" }, "invalid_request"],
        [{ code_challenge: "short" }, "invalid_request"],
        [{ scope: "openid admin" }, "invalid_scope"],
        [{ request: "eyJhbGciOiJub25lIn0.e30." }, "request_not_supported"],
        [{ request_uri: "https://evil.test/o" }, "request_uri_not_supported"],
        [{ resource: "notauri" }, "invalid_target"],
        [{ resource: "http://127.0.0.1:1/#f" }, "invalid_target"],
        [{ resource: "http://127.0.0.1:7777" }, "invalid_target"],
        [{ nonce: ["a", "b"] }, "invalid_request"],
        [{ prompt: "none login" }, "invalid_request"],
        [{ max_age: "-1" }, "invalid_request"],
      ];
      for (const [changes, error] of rows) {
        const { url, params } = authorizationUrl(deployment, changes);
        const response = await alice.request(url);
        const name = JSON.stringify(changes);
        assert.ok([302, 303].includes(response.status), `${name}: ${response.status}`);
        const back = new URL(response.headers.get("location"));
        assert.equal(back.origin + back.pathname, redirectUri, name);
        assert.equal(back.searchParams.get("error"), error, name);
        assert.equal(back.searchParams.get("state"), params.state, name);
        assert.equal(back.searchParams.get("iss"), deployment.issuer, name);
        assert.equal(back.searchParams.get("code"), null, name);
      }
    });

    test("prompt=none without a session is login_required, without consent consent_required (OIDC Core §3.1.2.6)", async () => {
      const stranger = new Person(deployment);
      const asked = async (person) => new URL((await person.open(authorizationUrl(deployment, { prompt: "none" }).url)).address).searchParams.get("error");
      assert.equal(await asked(stranger), "login_required");
      await stranger.signUp();
      assert.equal(await asked(stranger), "consent_required");
    });

    test("denying consent gives access_denied and no code", async () => {
      const bob = new Person(deployment);
      await bob.signUp();
      const answer = await approve(bob, authorizationUrl(deployment), { button: "deny" });
      assert.equal(answer.error, "access_denied");
      assert.equal(answer.code, undefined);
    });

    test("a widened, altered or foreign consent is refused, and a second answer tells of the first", async () => {
      const bob = new Person(deployment);
      await bob.signUp();
      const consent = 'form[action^="/consent"]';
      const open = () => bob.open(authorizationUrl(deployment, { scope: "openid notes:read", prompt: "consent" }).url);

      const widened = await bob.submit(await open(), { button: "approve", changes: { scope: ["openid", "notes:read", "notes:write"] }, selector: consent });
      if (widened.left) {
        const code = new URL(widened.address).searchParams.get("code");
        if (code) assert.fail("a consent with an added scope went through");
      } else assert.equal(widened.response.status, 400);

      const page = await open();
      const form = page.html.match(/name="csrf[^"]*" value="([^"]+)"/);
      assert.ok(form, "the form carries a token against forgery");
      const altered = await bob.submit(page, { button: "approve", changes: { [form[0].match(/name="([^"]+)"/)[1]]: "x".repeat(43) }, selector: consent });
      assert.ok(!altered.left && [400, 403].includes(altered.response.status), "altered token");

      const mallory = new Person(deployment);
      await mallory.signUp();
      const foreign = await mallory.submit(page, { button: "approve", selector: consent });
      assert.ok(!foreign.left && [400, 403, 404].includes(foreign.response.status), "another browser");

      const done = await bob.submit(page, { button: "approve", selector: consent });
      assert.ok(done.left && new URL(done.address).searchParams.get("code"), "the control passes");
      // Allow clicked twice: the same code, which is good once. Another answer comes too late.
      const again = await bob.submit(page, { button: "approve", selector: consent });
      assert.equal(again.address, done.address, "the second click");
      const changed = await bob.submit(page, { button: "deny", selector: consent });
      assert.ok(!changed.left && changed.response.status === 410, "another answer");
    });

    test("a code is refused for every wrong partner of it, and is then burnt (RFC 6749 §4.1.3, RFC 7636 §4.6)", async () => {
      const rows = {
        "another client": [{}, other],
        "no client authentication": [{}, null],
        "wrong verifier": [{ code_verifier: randomBytes(32).toString("base64url") }, notes],
        "no verifier": [{ code_verifier: undefined }, notes],
        "other redirect URI": [{ redirect_uri: notes.redirect_uris[1] }, notes],
        "other resource": [{ resource: "http://127.0.0.1:8998" }, notes],
      };
      for (const [name, [changes, client]] of Object.entries(rows)) {
        const grant = await freshCode(alice, deployment);
        const params = Object.fromEntries(Object.entries({ ...grant, ...changes }).filter(([, v]) => v !== undefined));
        const { status, body, headers } = await token(deployment, params, { client });
        assert.ok([400, 401].includes(status), `${name}: ${status}`);
        assert.ok(["invalid_grant", "invalid_client", "invalid_request", "invalid_target"].includes(body.error), `${name}: ${body.error}`);
        assert.equal(headers.get("cache-control"), "no-store", name);
        if (client === other || name === "wrong verifier") assert.equal((await token(deployment, grant)).body.error, "invalid_grant", `${name}: burnt`);
      }
    });

    test("a replayed code is refused and kills the tokens that it made (RFC 6749 §4.1.2)", async () => {
      const grant = await freshCode(alice, deployment);
      const first = await token(deployment, grant);
      assert.equal(first.status, 200);
      assert.equal((await userinfo(deployment, first.body.access_token)).status, 200);
      assert.equal((await token(deployment, grant)).body.error, "invalid_grant");
      assert.equal((await userinfo(deployment, first.body.access_token)).status, 401);
      assert.equal((await introspect(deployment, first.body.access_token)).body.active, false);
      assert.equal((await token(deployment, { grant_type: "refresh_token", refresh_token: first.body.refresh_token })).body.error, "invalid_grant");
    });

    test("a refresh token belongs to its client, and only narrows (RFC 6749 §6)", async () => {
      const tokens = await freshTokens(alice, deployment);
      const refresh = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
      assert.equal((await token(deployment, refresh, { client: other })).body.error, "invalid_grant");
      assert.equal((await token(deployment, { ...refresh, scope: "openid notes:write" })).body.error, "invalid_scope");
      const narrowed = await token(deployment, { ...refresh, scope: "notes:read" });
      assert.equal(narrowed.status, 200, JSON.stringify(narrowed.body));
      assert.equal(narrowed.body.scope, "notes:read");
    });

    test("token requests that are no token requests (RFC 6749 §5.2)", async () => {
      const url = `${deployment.issuer}/oauth2/token`;
      const form = { "content-type": "application/x-www-form-urlencoded", authorization: basic(notes) };
      const send = async (init) => {
        const response = await fetch(url, init);
        return [response.status, (await response.json().catch(() => ({}))).error];
      };
      assert.equal((await fetch(`${url}?grant_type=client_credentials`)).status, 405);
      assert.deepEqual(await send({ method: "POST", headers: form, body: "grant_type=password&username=a&password=b" }), [400, "unsupported_grant_type"]);
      assert.deepEqual(await send({ method: "POST", headers: form, body: "" }), [400, "invalid_request"]);
      assert.deepEqual(await send({ method: "POST", headers: form, body: "grant_type=refresh_token&grant_type=refresh_token" }), [400, "invalid_request"]);
      assert.deepEqual(await send({ method: "POST", headers: form, body: "grant_type=client_credentials" }), [400, "unauthorized_client"]);
      const [status] = await send({ method: "POST", headers: { ...form, "content-type": "application/json" }, body: '{"grant_type":"refresh_token"}' });
      assert.ok([400, 415].includes(status));
      assert.ok([400, 413].includes((await send({ method: "POST", headers: form, body: `grant_type=refresh_token&refresh_token=${"x".repeat(200_000)}` }))[0]));
    });

    test("client authentication: wrong, doubled, unknown (RFC 6749 §2.3, §5.2)", async () => {
      const url = `${deployment.issuer}/oauth2/token`;
      const post = (headers, params) => fetch(url, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", ...headers }, body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: "x", ...params }).toString() });
      const wrong = await post({ authorization: basic({ ...notes, client_secret: "wrong" }) });
      assert.equal(wrong.status, 401);
      assert.match(wrong.headers.get("www-authenticate"), /^Basic/);
      const unknown = await post({ authorization: basic({ client_id: "nobody", client_secret: "wrong" }) });
      assert.equal(unknown.status, 401);
      assert.deepEqual(await unknown.json(), await wrong.json());
      const both = await post({ authorization: basic(notes) }, { client_id: notes.client_id, client_secret: notes.client_secret });
      assert.equal(both.status, 400);
      assert.equal((await both.json()).error, "invalid_request");
      assert.equal((await post({}, { client_id: "notes" })).status, 401);
    });

    test("forged access tokens: none, HS256 with the public key, another key, jwk in the header (RFC 8725)", async () => {
      const { access_token } = await freshTokens(alice, deployment);
      assert.equal((await userinfo(deployment, access_token)).status, 200);
      const [head, payload, signature] = access_token.split(".");
      const header = JSON.parse(Buffer.from(head, "base64url"));
      const jwks = await (await fetch(`${deployment.issuer}/jwks`)).json();
      const key = jwks.keys.find((k) => k.kid === header.kid);
      const otherKey = jwks.keys.find((k) => k.kid !== header.kid);
      const hs = (h) => `${b64(h)}.${payload}.${createHmac("sha256", JSON.stringify(key)).update(`${b64(h)}.${payload}`).digest("base64url")}`;
      const forged = {
        none: `${b64({ ...header, alg: "none" })}.${payload}.`,
        "none, with signature": `${b64({ ...header, alg: "none" })}.${payload}.${signature}`,
        "HS256 by the public key": hs({ ...header, alg: "HS256" }),
        "other kid": `${b64({ ...header, kid: otherKey?.kid ?? "x" })}.${payload}.${signature}`,
        "jwk in header": `${b64({ ...header, jwk: key })}.${payload}.${signature}`,
        "jku in header": `${b64({ ...header, jku: "https://evil.test/jwks" })}.${payload}.${signature}`,
        "wrong typ": `${b64({ ...header, typ: "JWT" })}.${payload}.${signature}`,
        "altered payload": `${head}.${b64({ ...JSON.parse(Buffer.from(payload, "base64url")), sub: "usr_x" })}.${signature}`,
        "cut signature": access_token.slice(0, -2),
        padded: `${access_token}=`,
        "four segments": `${access_token}.`,
        empty: "",
      };
      for (const [name, value] of Object.entries(forged)) {
        // A header without a token is a malformed request (RFC 6750 §3.1).
        assert.equal((await userinfo(deployment, value)).status, value === "" ? 400 : 401, name);
        const answer = await introspect(deployment, value);
        assert.ok(answer.body.active === false || answer.status === 400, name);
      }
      assert.equal((await userinfo(deployment, access_token)).status, 200, "the control still passes");
    });

    test("an ID token is no access token, and a token in the query is refused (RFC 9068 §4, RFC 9700)", async () => {
      const tokens = await freshTokens(alice, deployment);
      assert.equal((await userinfo(deployment, tokens.id_token)).status, 401);
      assert.ok([400, 401].includes((await fetch(`${deployment.issuer}/oauth2/userinfo?access_token=${tokens.access_token}`)).status));
    });

    test("introspection and revocation ask who is calling, and a foreign token is left alone (RFC 7662 §2.1, RFC 7009 §2.1)", async () => {
      const tokens = await freshTokens(alice, deployment);
      const post = (path, params, headers = {}) => fetch(`${deployment.issuer}/oauth2/${path}`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", ...headers }, body: new URLSearchParams(params).toString() });
      assert.equal((await post("introspect", { token: tokens.access_token })).status, 401);
      const foreign = await post("revoke", { token: tokens.refresh_token, client_id: other.client_id, client_secret: other.client_secret });
      assert.ok([200, 400].includes(foreign.status));
      assert.equal((await userinfo(deployment, tokens.access_token)).status, 200, "untouched");
      assert.equal((await post("revoke", { token: "unknown" }, { authorization: basic(notes) })).status, 200);
      assert.equal((await post("revoke", { token: tokens.refresh_token }, { authorization: basic(notes) })).status, 200);
      assert.equal((await userinfo(deployment, tokens.access_token)).status, 401);
    });

    test("signing out between consent and redemption makes the code worthless (attack H-193)", async () => {
      const bob = new Person(deployment);
      await bob.signUp();
      const grant = await freshCode(bob, deployment);
      assert.equal((await bob.api("/sign-out", {})).status, 200);
      assert.equal((await token(deployment, grant)).body.error, "invalid_grant");
    });

    test("the issuer never comes from a header", async () => {
      const url = `${deployment.issuer}/.well-known/openid-configuration`;
      const plain = await (await fetch(url)).text();
      const hostile = { "x-forwarded-host": "evil.test", "x-forwarded-proto": "https", forwarded: "host=evil.test" };
      assert.equal(await (await fetch(url, { headers: hostile })).text(), plain);
      assert.doesNotMatch(plain, /evil/);
    });

    test("metadata is the same in all its places and says only what works (RFC 8414 §3)", async () => {
      const { origin, issuer } = deployment;
      const path = new URL(issuer).pathname;
      const places = [`${issuer}/.well-known/openid-configuration`, `${origin}/.well-known/openid-configuration${path}`, `${issuer}/.well-known/oauth-authorization-server`, `${origin}/.well-known/oauth-authorization-server${path}`];
      const documents = await Promise.all(places.map(async (place) => (await fetch(place)).json()));
      for (const document of documents) assert.deepEqual(document, documents[0]);
      const [metadata] = documents;
      assert.equal(metadata.issuer, issuer);
      assert.deepEqual(metadata.response_types_supported, ["code"]);
      assert.deepEqual(metadata.code_challenge_methods_supported, ["S256"]);
      assert.equal(metadata.authorization_response_iss_parameter_supported, true);
      assert.ok(metadata.id_token_signing_alg_values_supported.includes("RS256"));
      for (const [name, list] of Object.entries(metadata).filter(([name]) => name.endsWith("_alg_values_supported"))) assert.ok(!list.includes("none"), name);
      for (const [name, value] of Object.entries(metadata)) {
        if (name.endsWith("_endpoint") || name === "jwks_uri") assert.notEqual((await fetch(value, { redirect: "manual" })).status, 404, name);
      }
      const { keys } = await (await fetch(metadata.jwks_uri)).json();
      assert.equal(new Set(keys.map((k) => k.kid)).size, keys.length);
      for (const key of keys) for (const member of ["d", "p", "q", "dp", "dq", "qi", "k"]) assert.equal(key[member], undefined);
    });

    test("authorize answers no CORS preflight, the token endpoint may", async () => {
      const response = await fetch(`${deployment.issuer}/oauth2/authorize`, { method: "OPTIONS", headers: { origin: "https://evil.test", "access-control-request-method": "GET" } });
      assert.equal(response.headers.get("access-control-allow-origin"), null);
    });

    test("an unknown path is 404, under /.well-known too", async () => {
      for (const path of ["/nothing", "/.well-known/nothing", "/api/auth/nothing"]) assert.equal((await fetch(deployment.origin + path)).status, 404, path);
    });
  });
}
