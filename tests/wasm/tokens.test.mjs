// Tokens in WebAssembly: what the npm package `jose` signs is verified there, what it encrypts is decrypted, and the other way round.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as jose from 'jose';

const module = await WebAssembly.compile(await readFile(process.env.COUNTERSIGN_TEST_WASM));
let drawn = 0;
const { exports } = await WebAssembly.instantiate(module, {
  host: {
    random(at, length) {
      crypto.getRandomValues(new Uint8Array(exports.memory.buffer, at, length));
      drawn += length;
    },
  },
});

function ask(request) {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const at = exports.request(bytes.length);
  new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
  const length = exports.answer();
  const answer = new Uint8Array(exports.memory.buffer, exports.answer_at(), length);
  return JSON.parse(new TextDecoder().decode(answer));
}

const payload = JSON.stringify({ iss: 'https://as.test', sub: 'alice' });
const ALGORITHMS = ['RS256', 'PS256', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

const sign = (key, alg) => new jose.CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg }).sign(key);

async function pair(alg) {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await jose.exportJWK(publicKey)), alg } };
}

/** The signature with its first bit changed. */
function broken(token) {
  const [header, body, signature] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[0] ^= 0x80;
  return `${header}.${body}.${bytes.toString('base64url')}`;
}

test('the module asks its host for nothing but randomness', () => {
  assert.deepEqual(WebAssembly.Module.imports(module), [{ module: 'host', name: 'random', kind: 'function' }]);
});

for (const alg of ALGORITHMS) {
  test(`${alg}: a token is verified, and a broken one refused`, async () => {
    const [ours, theirs] = [await pair(alg), await pair(alg)];
    const token = await sign(ours.privateKey, alg);
    assert.deepEqual(ask({ do: 'verify', jwk: ours.jwk, token }), { ok: payload });
    const wrong = { refused: 'the signature does not verify' };
    assert.deepEqual(ask({ do: 'verify', jwk: ours.jwk, token: broken(token) }), wrong);
    assert.deepEqual(ask({ do: 'verify', jwk: theirs.jwk, token }), wrong, 'another key');
    assert.match(ask({ do: 'verify', jwk: ours.jwk, token: `${token}=` }).refused, /base64url/);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.AAAA`;
    assert.match(ask({ do: 'verify', jwk: ours.jwk, token: none }).refused, /not supported|unsupported/);
  });
}

for (const alg of ['HS256', 'HS384', 'HS512']) {
  test(`${alg}: a token under a secret is verified, and a broken one refused`, async () => {
    const secret = crypto.getRandomValues(new Uint8Array(64));
    const request = { do: 'verify mac', alg, secret: Buffer.from(secret).toString('base64url') };
    const token = await sign(secret, alg);
    assert.deepEqual(ask({ ...request, token }), { ok: payload });
    assert.deepEqual(ask({ ...request, token: broken(token) }), { refused: 'the signature does not verify' });
  });
}

for (const alg of ['ES256', 'ES384', 'ES512', 'EdDSA']) {
  test(`${alg}: what is minted under a new key is verified elsewhere`, async () => {
    const before = drawn;
    const { jwk, token } = ask({ do: 'mint', alg, payload }).ok;
    assert.ok(drawn >= before + 32, 'the key comes from the randomness of the host');
    const verified = await jose.compactVerify(token, await jose.importJWK(jwk, alg));
    assert.equal(new TextDecoder().decode(verified.payload), payload);
    assert.notEqual(ask({ do: 'mint', alg, payload }).ok.jwk.x, jwk.x, 'another key each time');
  });
}

const ENCRYPTION = [
  { alg: 'A256KW', enc: 'A128CBC-HS256' },
  { alg: 'ECDH-ES', enc: 'A256GCM', crv: 'P-256' },
  { alg: 'ECDH-ES+A128KW', enc: 'A256GCM', crv: 'X25519' },
];

/** A new key for `alg`: its JWK with what is private, and the one that others encrypt to. */
async function recipient({ alg, crv }) {
  if (!crv) {
    const jwk = { kty: 'oct', k: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url'), alg };
    return { jwk, publicJwk: jwk };
  }
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { crv, extractable: true });
  const [jwk, publicJwk] = [await jose.exportJWK(privateKey), await jose.exportJWK(publicKey)];
  assert.equal(jwk.crv, crv);
  return { jwk: { ...jwk, alg }, publicJwk: { ...publicJwk, alg } };
}

/** The segment with its first bit changed. */
function brokenSegment(message, index) {
  const segments = message.split('.');
  const bytes = Buffer.from(segments[index], 'base64url');
  bytes[0] ^= 0x80;
  segments[index] = bytes.toString('base64url');
  return segments.join('.');
}

for (const kind of ENCRYPTION) {
  const { alg, enc } = kind;
  const name = [alg, kind.crv, enc].filter(Boolean).join(' ');

  test(`${name}: what is encrypted elsewhere is decrypted, and a broken message refused`, async () => {
    const [ours, theirs] = [await recipient(kind), await recipient(kind)];
    const message = await new jose.CompactEncrypt(new TextEncoder().encode(payload))
      .setProtectedHeader({ alg, enc })
      .encrypt(await jose.importJWK(ours.publicJwk, alg));
    const request = { do: 'decrypt', alg, jwk: ours.jwk };
    assert.deepEqual(ask({ ...request, token: message }), { ok: payload });
    const wrong = { refused: 'the message cannot be decrypted' };
    // The encrypted key, where there is one, the initialization vector, the ciphertext and the tag.
    for (const index of alg === 'ECDH-ES' ? [2, 3, 4] : [1, 2, 3, 4]) {
      assert.deepEqual(ask({ ...request, token: brokenSegment(message, index) }), wrong, `segment ${index}`);
    }
    assert.deepEqual(ask({ ...request, jwk: theirs.jwk, token: message }), wrong, 'another key');
    assert.match(ask({ ...request, token: `${message}=` }).refused, /base64url/);
  });

  test(`${name}: what is encrypted here is decrypted elsewhere, and is new each time`, async () => {
    const { jwk, publicJwk } = await recipient(kind);
    const request = { do: 'encrypt', alg, enc, jwk: publicJwk, payload };
    const before = drawn;
    const message = ask(request).ok;
    assert.ok(drawn >= before + 32, 'keys and initialization vectors come from the randomness of the host');
    const found = await jose.compactDecrypt(message, await jose.importJWK(jwk, alg));
    assert.equal(new TextDecoder().decode(found.plaintext), payload);
    assert.deepEqual([found.protectedHeader.alg, found.protectedHeader.enc], [alg, enc]);
    assert.notEqual(ask(request).ok, message);
    await assert.rejects(jose.compactDecrypt(brokenSegment(message, 4), await jose.importJWK(jwk, alg)));
  });
}

test('RSA private keys are refused by name', () => {
  const refused = { refused: 'the pure-Rust back end has no RSA private keys' };
  assert.deepEqual(ask({ do: 'mint', alg: 'RS256', payload }), refused);
});
