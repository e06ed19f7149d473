#!/usr/bin/env node
// RUSTSEC-2023-0071, in the built module: its name section has the public-key functions of `rsa`, and none that takes a private key.
import { readFile } from 'node:fs/promises';

const module = await WebAssembly.compile(await readFile(process.argv[2]));
const [names] = WebAssembly.Module.customSections(module, 'name');
if (!names) throw new Error('the module has no names to look at');
const text = Buffer.from(names).toString('latin1');
// Both manglings write a path as lengths and names.
const seen = [...new Set(text.match(/_(?:ZN|R)[A-Za-z0-9_.$]*3rsa[A-Za-z0-9_.$]*/g) ?? [])];
const has = (name) => seen.some((symbol) => symbol.includes(name));
if (!has('pkcs1v15') && !has('pss') && !has('RsaPublicKey')) throw new Error('no function of rsa is in the module: this looks at the wrong thing');
const refused = seen.filter((symbol) => /PrivateKey|decrypt|sign_unpad_private|rsa_sign|private_key|signing_key|blind/i.test(symbol));
if (refused.length > 0) {
  console.error(`private-key functions of rsa are in the module:\n${refused.join('\n')}`);
  process.exit(1);
}
console.log(`of rsa, ${seen.length} functions are in the module, none of a private key`);
