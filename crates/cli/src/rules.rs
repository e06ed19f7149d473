//! What each code means: which rule was broken, where the standard says so, and what to do about it.
//!
//! A test holds this table against the codes of the token crate: none may be missing, and none may be left over.

use serde::Serialize;

/// A rule, by the code under which it is reported.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Rule {
    pub(crate) code: &'static str,
    pub(crate) standard: &'static str,
    /// What was broken, in a sentence.
    pub(crate) rule: &'static str,
    /// What to do about it, in a sentence or two.
    pub(crate) remedy: &'static str,
}

/// The rule with this code.
pub(crate) fn with_code(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

const fn row(code: &'static str, standard: &'static str, rule: &'static str, remedy: &'static str) -> Rule {
    Rule { code, standard, rule, remedy }
}

const DATES: &str = "RFC 7519 §2, §4.1";
const MEMBERS: &str = "RFC 7518 §6, RFC 8037 §2";
const METADATA: &str = "RFC 8414 §3, OpenID Connect Discovery §4";

/// Every rule, by subject.
#[rustfmt::skip]
pub(crate) const RULES: &[Rule] = &[
    // The form of a token.
    row("base64url", "RFC 7515 §2", "A segment is base64url without padding, and each byte string has one encoding.",
        "Look for '=', '+', '/', line breaks or a cut-off end: something on the way changed the token, or encoded it wrongly."),
    row("critical", "RFC 7515 §4.1.11", "The header demands an extension (crit), and no extension is known here.",
        "Have the issuer leave crit out. A verifier that ignores it would ignore what the issuer calls essential."),
    row("empty_segment", "RFC 7515 §3.1", "None of the three segments of a token is empty.",
        "An empty signature is alg \"none\" in disguise, an empty payload a detached JWS: neither is a token."),
    row("header_json", "RFC 7515 §5.2, RFC 8259", "The header is strict JSON: no name twice, nothing behind it, UTF-8.",
        "Have the issuer write the header with a JSON library. A name that is there twice means different things to different readers."),
    row("header_key", "RFC 9449 §4.3", "The key that a DPoP proof brings is a good public key for its alg.",
        "Have the sender put its public key alone into jwk, of a kind and size that is acceptable."),
    row("header_member", "RFC 7515 §4.1", "A header member is missing or has the wrong type; alg has to be there.",
        "Have the issuer write it as the standard does: alg, typ and kid are strings."),
    row("header_not_object", "RFC 7515 §4", "The header is a JSON object.",
        "This is no JWS. See where the text was taken from."),
    row("key_in_header", "RFC 8725 §3.10", "The verifier chooses the key, never the token: jwk, jku, x5u and x5c are refused.",
        "Have the issuer name its key with kid, and publish it in its key set."),
    row("segment_count", "RFC 7515 §7.1", "A token is three segments with a dot between them; five are an encrypted one.",
        "See that the token is whole and nothing else, neither \"Bearer\" before it nor a cut-off end."),
    row("too_large", "RFC 8725 §3.2 (our bound)", "A token is at most 16 KiB long.",
        "Put less into it: a reference instead of the list that grew."),
    row("unencoded_payload", "RFC 7797 §7", "A JWT never has an unencoded payload (b64).",
        "Have the issuer sign an encoded payload."),
    row("unencoded_payload_characters", "RFC 7797 §5.2", "An unencoded payload that stands in the JWS has no dot and no character that needs an escape.",
        "Detach the payload, or encode it."),
    row("unsupported_algorithm", "RFC 8725 §3.1, §3.2", "The algorithm is one that is verified here with this kind of key.",
        "\"none\" is never accepted. HS256 to HS512 take --secret-file and are refused wherever a public key is expected. \
         For others, have the issuer sign with one that is supported."),
    row("json_member", "RFC 7515 §7.2", "The JSON serialization has just the members that it needs, with the right types.",
        "Leave out unprotected headers, and what else does not belong there."),
    row("json_serialization", "RFC 7515 §7.2", "The JSON serialization is a strict JSON object.",
        "A token is always compact; this form is for other documents."),
    // Kind, key and signature.
    row("typ", "RFC 8725 §3.11", "A token of one kind is never taken for another.",
        "If it is the token that you meant, name its kind with --typ. If not, an ID token may have been sent in the place of \
         an access token, or the issuer does not mark its access tokens (RFC 9068 wants typ at+jwt)."),
    row("algorithm_mismatch", "RFC 8725 §3.1", "A key is for one algorithm, and the token names another.",
        "See with which algorithm the issuer publishes this key. An RSA key without alg is for RS256; for a key in PEM say --alg."),
    row("signature", "RFC 7515 §5.2", "The signature is by the key that was chosen, over just this header and payload.",
        "The token was changed, or signed by another key with the same kid: see that the keys are those of the issuer and the \
         environment that made it."),
    row("unknown_key", "RFC 7515 §4.1.4, RFC 7517 §5", "The key set has the key that the header names; without kid, just one for the algorithm.",
        "See that the keys are those of the issuer that made the token. Right after a rotation, an older copy of the set may be \
         in use. Without kid, a set with several keys for one algorithm cannot be used."),
    // The claims.
    row("audience", "RFC 7519 §4.1.3, RFC 9068 §4", "The token was made for whoever verifies it: aud names one that is expected.",
        "Ask the issuer for a token for this service (the resource parameter of RFC 8707), or expect the name that the issuer \
         gives it. Audiences compare byte for byte, the last slash included."),
    row("claim_missing", "RFC 7519 §4.1, and the standard of the kind", "A token of this kind has this claim.",
        "Have the issuer write it. If the token is of another kind, say so with --typ."),
    row("claim_type", DATES, "A registered claim has its JSON type: times are numbers from 0 to 2^53, iss, sub and jti non-empty \
         strings, aud a string or an array of strings.",
        "Have the issuer write it as the standard does: exp is 1700000000, not \"1700000000\" and no text."),
    row("claims_json", "RFC 7519 §4, RFC 8259", "The claims are strict JSON: no name twice, nothing behind it, UTF-8, not nested deeper than 16.",
        "Have the issuer write the claims with a JSON library, each name once."),
    row("claims_not_object", "RFC 7519 §7.2", "The claims are a JSON object.",
        "This is a signed document, and not a token."),
    row("claims_shape", "the standard of the kind", "The claims are what the caller's type holds.",
        "Compare the named claim with the type that it is read into."),
    row("expired", "RFC 7519 §4.1.4", "The time is before exp, give or take the leeway.",
        "Get a new token. If it was just made, compare the clocks of the issuer and of this machine."),
    row("issued_in_future", "RFC 7519 §4.1.6", "iat does not lie in the future, give or take the leeway.",
        "Compare the clocks of the issuer and of this machine."),
    row("issuer", "RFC 7519 §4.1.1, RFC 9068 §4", "iss is the expected issuer, byte for byte.",
        "If the two differ in a slash, a port or http, write the issuer as it writes itself in its metadata. If they are \
         different issuers, the token is somebody else's."),
    row("lifetime_too_long", "RFC 8725 §3.10 (our bounds)", "Tokens that are good once live shortly: 60 seconds for host and agent JWTs, 120 for \
         logout tokens, 300 for client assertions and identity assertion grants.",
        "Have the sender set exp closer to iat. Where it is --max-lifetime that is exceeded, ask whether it is meant."),
    row("never_valid", "RFC 7519 §4.1.4 to §4.1.6 (our bound)", "exp is after iat, and after nbf where there is one.",
        "Have the issuer compute exp from iat. If the two are equal, the token was made to live for no time at all."),
    row("not_yet_valid", "RFC 7519 §4.1.5", "The time is not before nbf, give or take the leeway.",
        "Wait, or compare the clocks of the issuer and of this machine."),
    // Encryption.
    row("backend", "none", "The cryptographic library did what it was asked.",
        "Try again; if it stays, the machine has no randomness or no memory."),
    row("compressed", "RFC 8725 §3.6", "What is encrypted is not compressed (zip).",
        "Have the sender leave zip out: the length of what is compressed tells of its content."),
    row("content_encryption_mismatch", "RFC 7516 §4.1.2", "enc is one that the key accepts.",
        "Have the sender take one of those that the key is for."),
    row("decryption", "RFC 7516 §5.2, §11.5", "The message is for this key, and was not changed.",
        "See that the key is the private half of the one that it was encrypted to. What exactly was wrong is never told."),
    row("ephemeral_key", "RFC 7518 §4.6.1.1, RFC 8725 §3.4", "epk is a public key on the curve of the recipient's key.",
        "Have the sender make a fresh key on that curve for each message."),
    row("length", "RFC 7518 §4, §5", "Initialization vector, tag and encrypted key are as long as the algorithms say.",
        "See that the message is whole, and that alg and enc are those that it was made with."),
    row("nested_content_type", "RFC 7519 §5.2", "cty says JWT: what is encrypted is a signed token.",
        "Have the sender sign the claims, encrypt the signed token, and say so in cty."),
    row("nested_encrypted", "RFC 8725 §3.8 (our bound)", "A token is encrypted once.",
        "Have the sender encrypt the signed token, and not an encrypted one."),
    row("nested_not_signed", "RFC 7519 §11.2", "What is encrypted is signed first: encryption says nothing about who wrote it.",
        "Have the sender sign the claims before encrypting them."),
    row("no_recipient", "RFC 7516 §7.2.1", "One of the recipients has the algorithm and the id of the key.",
        "See for whom it was encrypted."),
    row("password_count", "RFC 7518 §4.8.1.2, RFC 8725 §3.5", "The iteration count of PBES2 is within bounds.",
        "Have the sender take a count within them. A larger one is how a stranger makes others compute."),
    row("repeated_member", "RFC 7516 §7.2.1", "A header member stands in one header.",
        "Have the sender put it into the protected header alone."),
    row("salt_length", "RFC 7518 §4.8.1.1", "The salt of PBES2 has at least 8 bytes.",
        "Have the sender take a random one of 16."),
    row("unsupported_content_encryption", "RFC 7518 §5.1", "enc is A128GCM, A256GCM, A128CBC-HS256 or A256CBC-HS512.",
        "Have the sender take one of these."),
    row("unsupported_key_management", "RFC 7518 §4.1", "alg is one that is offered here; RSA1_5 and RSA-OAEP are not.",
        "Have the sender take RSA-OAEP-256 or ECDH-ES."),
    // DPoP proofs.
    row("dpop_access_token", "RFC 9449 §4.3", "The proof is for the access token that it came with (ath).",
        "Have the client make a new proof for each token that it presents."),
    row("dpop_algorithm", "RFC 9449 §4.3", "The algorithm of the proof is one that the receiver accepts.",
        "Have the client take one of dpop_signing_alg_values_supported."),
    row("dpop_binding", "RFC 9449 §7.1", "The proof is by the key that the token is bound to (cnf.jkt).",
        "Have the client use the key with which it got the token."),
    row("dpop_method", "RFC 9449 §4.3", "The proof is for the method of the request (htm).",
        "Have the client make a new proof for each request."),
    row("dpop_nonce", "RFC 9449 §8", "The proof carries the nonce that the server handed out.",
        "Have the client try again with the nonce of the answer (DPoP-Nonce)."),
    row("dpop_too_old", "RFC 9449 §11.1", "The proof was just made.",
        "Have the client make a new proof for each request, and compare its clock."),
    row("dpop_uri", "RFC 9449 §4.3", "The proof is for the URI of the request, without query and fragment (htu).",
        "Have the client make a new proof for each request. Behind a proxy, tell the receiver its public address."),
    // Keys.
    row("key_algorithm", "RFC 7517 §4.4", "alg fits kty and crv.",
        "Correct alg: ES256 is P-256, ES384 P-384, ES512 P-521, EdDSA Ed25519."),
    row("key_asymmetric", "RFC 8725 §2.1", "A public or private key is not taken where a shared secret is expected.",
        "Keys of that kind go into --keys, or --key to mint with."),
    row("key_backend", "none", "The cryptographic library did what it was asked.",
        "Try again; if it stays, the machine has no randomness or no memory."),
    row("key_hmac_size", "RFC 7518 §3.2", "The secret of a MAC is at least as long as the hash: 32, 48 or 64 bytes.",
        "Make one: countersign token keys generate --alg HS256 --out FILE."),
    row("key_inconsistent", "RFC 7518 §6", "The private and the public members are of one key.",
        "The file was put together from two keys. Go back to the original."),
    row("key_json", "RFC 7517 §3, RFC 8259", "A key is strict JSON, each name once.",
        "Write it with a JSON library."),
    row("key_malformed", "RFC 5208, RFC 5280 §4.1, RFC 7517", "A key is a JWK, or PKCS #8 or SubjectPublicKeyInfo in DER or PEM, for the algorithm.",
        "See that the file is a key and not a certificate, is not encrypted, and that --alg fits."),
    row("key_member", MEMBERS, "A member is there, has its type and length, and is the one encoding of its value.",
        "Write it with a JOSE library: coordinates have a fixed length, integers no leading zeros, base64url no padding."),
    row("key_not_for_signatures", "RFC 7517 §4.2, §4.3", "use and key_ops say that the key is for signatures.",
        "Take the key that is for signatures, or correct use."),
    row("key_not_for_encryption", "RFC 7517 §4.2, §4.3", "use, key_ops and alg say that the key is for encryption.",
        "Take the key that is for encryption, or correct use and alg."),
    row("key_point", "RFC 8725 §3.4", "The point is on its curve and not of small order.",
        "This is not a key. See where it came from."),
    row("key_private_member", "RFC 7517 §9.2", "A published key has no private members.",
        "If it was published, the key is lost: make a new one (keys rotate --compromised), then publish what keys public prints."),
    row("key_roca", "CVE-2017-15361", "The RSA modulus was not made by the generator whose primes can be found.",
        "Make a new key, on other hardware."),
    row("key_rsa_private_key", "RUSTSEC-2023-0071", "Private RSA keys are used only with a back end that computes with them in constant time.",
        "Build with the native back end, or sign with an elliptic curve."),
    row("key_rsa_size", "RFC 7518 §3.3", "An RSA modulus has 2048 to 8192 bits, and the exponent is odd and not 1.",
        "Make a new key of at least 2048 bits."),
    row("key_size", "RFC 7518 §4, §5", "A symmetric key or a password has the length of its algorithm.",
        "Make one of that length; a key is not stretched nor cut."),
    row("key_symmetric", "RFC 8725 §2.1", "A symmetric key is not taken where a public one is expected.",
        "Secrets go into --secret-file. One that stands in a published set is known to everybody."),
    row("key_unsupported", MEMBERS, "kty, crv and alg are ones that are verified here.",
        "Take EC (P-256, P-384, P-521), OKP (Ed25519) or RSA."),
    row("key_set_duplicate_kid", "RFC 7517 §4.5", "Each kid of a set names one key.",
        "Give the keys of the set different ids, their thumbprints for one."),
    row("key_set_json", "RFC 7517 §5, RFC 8259", "A key set is strict JSON, each name once.",
        "Write it with a JSON library."),
    row("key_set_malformed", "RFC 7517 §5", "A key set is an object with an array keys.",
        "See that the location is that of the key set, and not of the metadata or of an error page."),
    row("key_set_too_large", "our bound", "A key set is at most 64 KiB long.",
        "Take out the keys that nobody uses any more."),
    row("key_set_too_many_keys", "our bound", "A key set holds at most 64 keys.",
        "Take out the keys that nobody uses any more."),
    // Keys of an issuer, from the network.
    row("issuer_mismatch", "RFC 8414 §3.3", "The metadata is that of the issuer, byte for byte.",
        "Write the issuer as it writes itself in its metadata."),
    row("key_set_refused", "RFC 7517 §5", "The issuer's key set is acceptable as a whole.",
        "The message says which key breaks which rule. The issuer has to mend it."),
    row("keys_status", METADATA, "Metadata and keys are answered with 200.",
        "Open the address. Redirects are not followed: name the place to which it leads."),
    row("keys_unreachable", METADATA, "Metadata and keys can be fetched, over https or from loopback.",
        "See to name, network, certificate and proxy; or pass the keys with --keys."),
    row("metadata_unusable", METADATA, "The metadata is JSON with a usable jwks_uri.",
        "See that the issuer is right, or name the place of its keys with --jwks-uri."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The literals that the `code` functions of the token crate's sources give.
    fn codes_in(folder: &Path, codes: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                codes_in(&path, codes);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                for body in source.split("pub fn code(&self) -> &'static str {").skip(1) {
                    let body = body.split("\n    }\n").next().unwrap();
                    codes.extend(body.split('"').skip(1).step_by(2).map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn every_code_of_the_token_crate_is_explained_and_none_that_it_does_not_have() {
        let mut codes = BTreeSet::new();
        codes_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../jose/src"), &mut codes);
        assert!(codes.len() > 30, "{codes:?}");
        let explained: BTreeSet<String> = RULES.iter().map(|rule| rule.code.to_owned()).collect();
        assert_eq!(explained.len(), RULES.len(), "a code is explained twice");
        let missing: Vec<_> = codes.difference(&explained).collect();
        let surplus: Vec<_> = explained.difference(&codes).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:?}, surplus {surplus:?}");
    }

    #[test]
    fn each_row_says_something() {
        for rule in RULES {
            assert!(rule.rule.ends_with('.') && rule.remedy.ends_with(['.', ')']), "{}", rule.code);
            assert!(!rule.standard.is_empty(), "{}", rule.code);
        }
    }
}
