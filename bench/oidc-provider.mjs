// The peer: npm oidc-provider with its in-memory adapter, one client, one access-token format (signed JWT).
// oidc-provider.mjs <EdDSA|ES256|RS256> <client_id> <client_secret>
import { once } from "node:events";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const [alg, client_id, client_secret] = process.argv.slice(2);
const { privateKey } = await generateKeyPair(alg === "EdDSA" ? "Ed25519" : alg, { extractable: true });
const server = (await import("node:http")).createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;
const resource = "http://127.0.0.1:8999";
const provider = new Provider(issuer, {
  clients: [{ client_id, client_secret, grant_types: ["client_credentials"], redirect_uris: [], response_types: [], id_token_signed_response_alg: alg === "EdDSA" ? "Ed25519" : alg }],
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: alg === "EdDSA" ? "Ed25519" : alg, use: "sig", kid: "bench" }] },
  scopes: ["notes:read"],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({ scope: "notes:read", audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 300, jwt: { sign: { alg: alg === "EdDSA" ? "Ed25519" : alg } } }),
    },
  },
});
server.on("request", provider.callback());
console.log(JSON.stringify({ ready: true, port: server.address().port }));
