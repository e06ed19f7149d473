// Encryption beside npm jose: what one of the two encrypts, the other decrypts, for every algorithm, curve and form.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";
import { join } from "node:path";
import * as jose from "jose";

const target = process.env.CARGO_TARGET_DIR ?? new URL("../../target", import.meta.url).pathname;
const contentEncryptions = { A128GCM: 16, A256GCM: 32, "A128CBC-HS256": 32, "A256CBC-HS512": 64 };
const aad = new TextEncoder().encode("beside");

/** Asks the driver, one line for one line. */
let driver, lines;
async function ask(question) {
  driver.stdin.write(JSON.stringify(question) + "\n");
  return JSON.parse((await lines.next()).value);
}

before(() => {
  driver = spawn(join(target, "debug/examples/jwe_peer"), { stdio: ["pipe", "pipe", "inherit"] });
  lines = createInterface({ input: driver.stdout })[Symbol.asyncIterator]();
});
after(() => driver.stdin.end());

const random = (bytes) => jose.base64url.encode(crypto.getRandomValues(new Uint8Array(bytes)));

/** A key for each algorithm, curve and, for `dir`, content encryption. */
async function* keys() {
  for (const alg of ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256"]) {
    for (const crv of alg === "RSA-OAEP-256" ? [undefined] : ["P-256", "P-384", "P-521", "X25519"]) {
      const { privateKey } = await jose.generateKeyPair(alg, { crv, extractable: true });
      yield { ...(await jose.exportJWK(privateKey)), alg, use: "enc" };
    }
  }
  for (const [alg, bytes] of [["A128KW", 16], ["A256KW", 32], ["PBES2-HS256+A128KW", 32], ["PBES2-HS512+A256KW", 32]]) {
    yield { kty: "oct", k: random(bytes), alg };
  }
  for (const [enc, bytes] of Object.entries(contentEncryptions)) yield { kty: "oct", k: random(bytes), alg: enc };
}

function encryptElsewhere(form, alg, enc, key, content) {
  const plaintext = new TextEncoder().encode(content);
  if (form === "compact") {
    const message = new jose.CompactEncrypt(plaintext).setProtectedHeader({ alg, enc });
    if (alg.startsWith("ECDH")) message.setKeyManagementParameters({ apu: aad, apv: plaintext });
    return message.encrypt(key);
  }
  if (form === "flattened") {
    const message = new jose.FlattenedEncrypt(plaintext).setProtectedHeader({ enc }).setUnprotectedHeader({ alg });
    return message.setAdditionalAuthenticatedData(aad).encrypt(key).then(JSON.stringify);
  }
  const message = new jose.GeneralEncrypt(plaintext).setProtectedHeader({ enc }).setAdditionalAuthenticatedData(aad);
  message.addRecipient(key).setUnprotectedHeader({ alg });
  return message.encrypt().then(JSON.stringify);
}

function decryptElsewhere(form, alg, message, key) {
  const options = { maxPBES2Count: 10_000, keyManagementAlgorithms: [alg] };
  if (form === "compact") return jose.compactDecrypt(message, key, options);
  if (form === "flattened") return jose.flattenedDecrypt(JSON.parse(message), key, options);
  return jose.generalDecrypt(JSON.parse(message), key, options);
}

test("what one of the two encrypts, the other decrypts", async () => {
  let agreed = 0;
  for await (const key of keys()) {
    const ofContent = key.alg in contentEncryptions;
    const alg = ofContent ? "dir" : key.alg;
    const isSecret = key.kty === "oct";
    const { d, p, q, dp, dq, qi, ...rest } = key;
    const decrypts = isSecret ? jose.base64url.decode(key.k) : await jose.importJWK(key, alg);
    const encrypts = isSecret ? decrypts : await jose.importJWK(rest, alg);
    for (const enc of ofContent ? [key.alg] : Object.keys(contentEncryptions)) {
      for (const form of ["compact", "flattened", "general"]) {
        const name = `${alg} ${key.crv ?? key.kty} ${enc} ${form}`;
        const content = `You can trust us – ${name}`;
        const parties = alg.startsWith("ECDH") ? { apu: "Alice", apv: "Bob" } : {};
        const ours = await ask({ form, key, alg, enc, content, aad: "beside", ...parties });
        assert.ok(ours.message, `${name}: ${ours.error}`);
        const { plaintext } = await decryptElsewhere(form, alg, ours.message, decrypts);
        assert.equal(new TextDecoder().decode(plaintext), content, name);
        const message = await encryptElsewhere(form, alg, enc, encrypts, content);
        assert.deepEqual(await ask({ form, key, alg, message }), { content }, name);
        agreed += 2;
      }
    }
  }
  assert.equal(agreed, 2 * 3 * (17 * 4 + 4));
});
