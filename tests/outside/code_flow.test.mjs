// The authorization code grant as real clients see it: oauth4webapi (the strictest checks) and openid-client.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { Deployment, clients, redirectUri, targets } from "../lib/servers.mjs";
import { Person, text } from "../lib/person.mjs";
import { approve, cli, notes } from "../lib/code.mjs";

const plainHttp = { [oauth.allowInsecureRequests]: true };

for (const target of targets) {
  describe(`code grant on ${target.name}`, () => {
    let deployment, alice, user;
    before(async () => {
      deployment = await Deployment.start(target);
      alice = new Person(deployment);
      ({ user } = await alice.signUp());
    });
    after(() => deployment?.close());

    test("oauth4webapi: discovery, code, ID token, userinfo, introspection, refresh, revocation", async () => {
      const issuer = new URL(deployment.issuer);
      const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...plainHttp }));
      const viaOauth = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...plainHttp }));
      assert.equal(as.issuer, viaOauth.issuer);
      const client = { client_id: notes.client_id };
      const auth = oauth.ClientSecretBasic(notes.client_secret);
      const verifier = oauth.generateRandomCodeVerifier();
      const state = oauth.generateRandomState();
      const nonce = oauth.generateRandomNonce();
      const url = new URL(as.authorization_endpoint);
      url.search = new URLSearchParams({
        client_id: client.client_id, response_type: "code", redirect_uri: redirectUri, scope: "openid profile email offline_access notes:read",
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", state, nonce,
      }).toString();
      const answer = await approve(alice, { url: url.href });
      const params = oauth.validateAuthResponse(as, client, new URLSearchParams(answer), state);
      const tokens = await oauth.processAuthorizationCodeResponse(as, client,
        await oauth.authorizationCodeGrantRequest(as, client, auth, params, redirectUri, verifier, plainHttp),
        { expectedNonce: nonce, requireIdToken: true });
      const claims = oauth.getValidatedIdTokenClaims(tokens);
      assert.equal(claims.sub, user.id);
      const info = await oauth.processUserInfoResponse(as, client, claims.sub, await oauth.userInfoRequest(as, client, tokens.access_token, plainHttp));
      assert.equal(info.email, alice.email);
      const { payload, protectedHeader } = await jwtVerify(tokens.access_token, createRemoteJWKSet(new URL(as.jwks_uri)), {
        issuer: deployment.issuer, audience: notes.resource, typ: "at+jwt",
      });
      assert.equal(payload.client_id, "notes");
      assert.ok(payload.exp - payload.iat <= 300);
      assert.ok(protectedHeader.kid);
      const introspected = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, tokens.access_token, plainHttp));
      assert.equal(introspected.active, true);
      const refreshed = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, plainHttp));
      assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, refreshed.refresh_token, plainHttp));
      const dead = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, refreshed.access_token, plainHttp));
      assert.equal(dead.active, false);
    });

    test("openid-client: the whole grant, and client credentials", async () => {
      const options = { execute: [openid.allowInsecureRequests] };
      const config = await openid.discovery(new URL(deployment.issuer), "notes", notes.client_secret, openid.ClientSecretBasic(notes.client_secret), options);
      const verifier = openid.randomPKCECodeVerifier();
      const state = openid.randomState();
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri, scope: "openid notes:read", state, code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
      });
      const answer = await approve(alice, { url: url.href });
      const back = new URL(redirectUri);
      back.search = new URLSearchParams(answer).toString();
      const tokens = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true });
      assert.equal(tokens.claims().sub, user.id);
      const machine = clients[1];
      const machineConfig = await openid.discovery(new URL(deployment.issuer), machine.client_id, undefined, openid.ClientSecretPost(machine.client_secret), options);
      const own = await openid.clientCredentialsGrant(machineConfig, { scope: "notes:read" });
      assert.equal(own.refresh_token, undefined);
      assert.equal(own.id_token, undefined);
    });

    test("a native public client uses any loopback port, without a secret", async () => {
      const options = { execute: [openid.allowInsecureRequests] };
      const config = await openid.discovery(new URL(deployment.issuer), cli.client_id, undefined, openid.None(), options);
      const verifier = openid.randomPKCECodeVerifier();
      const state = openid.randomState();
      const redirect = "http://127.0.0.1:51004/callback";
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirect, scope: "openid offline_access notes:read", state, code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", prompt: "consent",
      });
      const answer = await approve(alice, { url: url.href });
      const back = new URL(redirect);
      back.search = new URLSearchParams(answer).toString();
      const tokens = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state });
      assert.ok(tokens.refresh_token);
      const rotated = await openid.refreshTokenGrant(config, tokens.refresh_token);
      assert.notEqual(rotated.refresh_token, tokens.refresh_token);
    });

    test("the consent page names client, host and exactly the requested scopes", async () => {
      const bob = new Person(deployment, { name: "Bob" });
      await bob.signUp();
      const { authorizationUrl } = await import("../lib/code.mjs");
      const page = await bob.open(authorizationUrl(deployment, { scope: "openid notes:read" }).url);
      assert.equal(page.response.status, 200);
      const shown = text(page.html);
      assert.match(shown, /Notes/);
      assert.match(shown, /127\.0\.0\.1/);
      assert.match(page.html, /notes:read/);
      assert.doesNotMatch(page.html, /notes:write|offline_access/);
    });
  });
}
