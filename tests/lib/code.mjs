// The authorization code grant, step by step, so that a test can change one thing.
import { createHash, randomBytes } from "node:crypto";
import { clients, redirectUri } from "./servers.mjs";

export const notes = clients[0];
export const other = clients[1];
export const cli = clients[2];

export const verifierAndChallenge = () => {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
};

/** The parameters of a valid authorization request of Notes, with `changes`; `undefined` leaves one out. */
export function authorizationUrl(deployment, changes = {}) {
  const { verifier, challenge } = verifierAndChallenge();
  const params = {
    client_id: "notes",
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid profile offline_access notes:read",
    state: randomBytes(8).toString("hex"),
    nonce: randomBytes(8).toString("hex"),
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...changes,
  };
  const url = new URL(`${deployment.issuer}/oauth2/authorize`);
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) if (one !== undefined) url.searchParams.append(name, one);
  }
  return { url: url.href, params, verifier };
}

/** A signed-in person asks for a code and approves what is shown. Returns the answer that reached the client. */
export async function approve(person, request, { button = "approve", changes } = {}) {
  let page = await person.open(request.url);
  if (!page.left && new URL(page.address).pathname === "/consent") page = await person.submit(page, { button, changes, selector: 'form[action^="/consent"]' });
  if (!page.left) throw new Error(`the authorization did not come back: ${page.response.status} at ${page.address}`);
  return Object.fromEntries(new URL(page.address).searchParams);
}

export const basic = (client) => `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64")}`;

/** One request to the token endpoint; `n` chooses the server process. */
export async function token(deployment, params, { client = notes, headers, n = 0 } = {}) {
  const auth = client === null ? {} : client.token_endpoint_auth_method === "client_secret_basic" ? { headers: { authorization: basic(client) } } : client.client_secret ? { params: { client_id: client.client_id, client_secret: client.client_secret } } : { params: { client_id: client.client_id } };
  const response = await fetch(deployment.at(`${deployment.issuer}/oauth2/token`, n), {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...auth.headers, ...headers },
    body: new URLSearchParams({ ...auth.params, ...params }).toString(),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A fresh, unused code for Notes with everything needed to redeem it. */
export async function freshCode(person, deployment, changes) {
  const request = authorizationUrl(deployment, changes);
  const answer = await approve(person, request);
  if (!answer.code) throw new Error(`no code: ${JSON.stringify(answer)}`);
  return { grant_type: "authorization_code", code: answer.code, redirect_uri: request.params.redirect_uri, code_verifier: request.verifier };
}

export async function freshTokens(person, deployment, changes) {
  const { status, body } = await token(deployment, await freshCode(person, deployment, changes));
  if (status !== 200) throw new Error(`no tokens: ${JSON.stringify(body)}`);
  return body;
}

export const userinfo = (deployment, accessToken, n = 0) =>
  fetch(deployment.at(`${deployment.issuer}/oauth2/userinfo`, n), { headers: { authorization: `Bearer ${accessToken}` } });

export async function introspect(deployment, tokenValue, client = notes) {
  const response = await fetch(`${deployment.issuer}/oauth2/introspect`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", authorization: basic(client) },
    body: new URLSearchParams({ token: tokenValue }).toString(),
  });
  return { status: response.status, body: await response.json() };
}
