// npm `jose`, asked over pipes: a line of JSON in, a line of JSON out (src/opinion/jose.rs). The package is the one of the
// outside tests: `npm ci --prefix tests`.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('../tests/package.json', import.meta.url));
const jose = await import(pathToFileURL(require.resolve('jose')).href);

const keys = {};
let expected;

async function start({ keys: jwks, issuer, audience }) {
  for (const [alg, jwk] of Object.entries(jwks)) {
    keys[alg] = { verify: await jose.importJWK(openHalf(jwk), alg), sign: await jose.importJWK(jwk, alg) };
  }
  expected = { issuer, audience };
  return {};
}

const profiles = {
  'access token': { typ: 'at+jwt', requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti'] },
  'ID token': { requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'] },
};

async function judge([alg, profile, now, token]) {
  try {
    if (profile === 'JWS') {
      const { payload } = await jose.compactVerify(token, keys[alg].verify, { algorithms: [alg] });
      return { payload: jose.base64url.encode(payload) };
    }
    const options = { ...expected, ...profiles[profile], algorithms: [alg], currentDate: new Date(now * 1000) };
    const { payload } = await jose.jwtVerify(token, keys[alg].verify, options);
    // As text: they may be deeper than the reader at the other end goes.
    return { claims: JSON.stringify(payload) };
  } catch (error) {
    return { refused: error.code ?? String(error) };
  }
}

function mint(alg, claims) {
  return new jose.SignJWT(claims).setProtectedHeader({ alg, typ: 'at+jwt' }).sign(keys[alg].sign);
}

const openHalf = ({ d, p, q, dp, dq, qi, ...open }) => open;

async function encrypt({ alg, enc, jwk, content }) {
  const key = await jose.importJWK(openHalf(jwk), alg);
  return new jose.CompactEncrypt(jose.base64url.decode(content)).setProtectedHeader({ alg, enc }).encrypt(key);
}

async function decrypt({ alg, enc, jwk, message }) {
  const key = await jose.importJWK(jwk, alg);
  const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] };
  const { plaintext } = await jose.compactDecrypt(message, key, options);
  return jose.base64url.encode(plaintext);
}

function answer(question) {
  if (question.encrypt) return Promise.all(question.encrypt.map(encrypt));
  if (question.decrypt) return Promise.all(question.decrypt.map(decrypt));
  if (question.keys) return start(question);
  if (question.judge) return Promise.all(question.judge.map(judge));
  return Promise.all(question.mint.map((alg) => mint(alg, question.claims)));
}

process.stdin.setEncoding('utf8');
let pending = '';
for await (const chunk of process.stdin) {
  pending += chunk;
  for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
    const line = pending.slice(0, end);
    pending = pending.slice(end + 1);
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
}
