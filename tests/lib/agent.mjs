// An agent program with its host, on nothing but HTTP and jose (Agent Auth 1.0-draft).
import { randomUUID } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose";

export async function newKey() {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk, "sha256");
  return { privateKey, jwk: { ...jwk, kid }, kid };
}

const sign = (key, typ, claims, { lifetime = 60, issuedAt } = {}) => {
  const now = issuedAt ?? Math.floor(Date.now() / 1000);
  return new SignJWT({ iat: now, exp: now + lifetime, jti: randomUUID(), ...claims }).setProtectedHeader({ alg: "EdDSA", typ, kid: key.kid }).sign(key.privateKey);
};

export class Host {
  static async create(deployment) {
    const host = new Host();
    host.deployment = deployment;
    host.key = await newKey();
    host.config = await (await fetch(`${deployment.origin}/.well-known/agent-configuration`)).json();
    return host;
  }

  url(name, n = 0) {
    const path = this.config.endpoints[name];
    return this.deployment.at(/^https?:/.test(path) ? path : this.config.issuer + path, n);
  }

  get location() {
    return this.config.default_location ?? this.config.issuer + this.config.endpoints.execute;
  }

  token(claims = {}, options) {
    return sign(this.key, "host+jwt", { iss: this.key.kid, sub: this.key.kid, aud: this.config.issuer, host_public_key: this.key.jwk, ...claims }, options);
  }

  async call(method, name, { bearer, body, query = "", n = 0 } = {}) {
    const response = await fetch(this.url(name, n) + query, {
      method,
      headers: { ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, body: await response.json().catch(() => null) };
  }

  async register({ mode = "delegated", capabilities = ["check_balance", { name: "transfer_money", constraints: { amount: { max: 100 }, currency: { in: ["USD"] } } }], ...more } = {}) {
    const key = await newKey();
    const answer = await this.call("POST", "register", {
      bearer: await this.token({ agent_public_key: key.jwk, host_name: "outside" }),
      body: { name: "Bookkeeper", host_name: "outside", mode, capabilities, reason: "pay a bill", ...more },
    });
    return { ...answer, agent: answer.body?.agent_id ? new Agent(this, key, answer.body.agent_id) : null };
  }

  async status(agentId) {
    return this.call("GET", "status", { bearer: await this.token(), query: `?agent_id=${encodeURIComponent(agentId)}` });
  }

  async revokeAgent(agentId) {
    return this.call("POST", "revoke", { bearer: await this.token(), body: { agent_id: agentId } });
  }
}

export class Agent {
  constructor(host, key, id) {
    Object.assign(this, { host, key, id });
  }

  token(claims = {}, options) {
    return sign(this.key, "agent+jwt", { sub: this.id, aud: this.host.location, ...claims }, options);
  }

  async execute(capability, args, { bearer, n = 0 } = {}) {
    return this.host.call("POST", "execute", { bearer: bearer ?? (await this.token({ capabilities: [capability] })), body: { capability, ...(args ? { arguments: args } : {}) }, n });
  }
}

/** The person approves (or denies) what the device page shows. */
export async function decide(person, approval, { button = "approve", changes } = {}) {
  const page = await person.open(approval.verification_uri_complete ?? `${approval.verification_uri}?user_code=${encodeURIComponent(approval.user_code)}`);
  return person.submit(page, { button, changes: { ...(button === "approve" ? { confirm: "yes" } : {}), ...changes }, selector: 'form[action="/device"]' });
}
