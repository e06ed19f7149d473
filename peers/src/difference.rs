//! The ways in which the verdicts are known to differ, each with its reason. What is not here is a finding.

use crate::mutation::Mutation;
use crate::opinion::Peer;
use crate::opinion::Peer::{Jose, Josekit, Jsonwebtoken};

/// A way in which verdicts differ.
pub struct Difference {
    /// What was done to the token, by the names of [`mutation`](crate::mutation).
    pub mutations: &'static [&'static str],
    /// Our verdict: the code with which we refuse and the peer accepts, or [`ACCEPTED`], and the peer refuses.
    pub ours: &'static str,
    /// Whose verdict is another one.
    pub peers: &'static [Peer],
    /// Why.
    pub reason: &'static str,
}

/// We accept.
pub const ACCEPTED: &str = "accepted";

impl Difference {
    /// Whether it explains that a peer says otherwise than we do, with `ours`, of a token with this mutation.
    pub fn explains(&self, mutation: &Mutation, ours: &str, peer: Peer) -> bool {
        self.ours == ours && self.peers.contains(&peer) && self.mutations.contains(&mutation.name)
    }
}

/// The table.
pub const DIFFERENCES: &[Difference] = &[
    // The header.
    Difference {
        mutations: &["alg: twice", "alg: twice, once with an escape in the name"],
        ours: "header_json",
        peers: &[Jose, Josekit],
        reason: "of two members of one name the last is read; we refuse both",
    },
    Difference {
        mutations: &["header: a member twice that nobody knows"],
        ours: "header_json",
        peers: ALL,
        reason: "of two members of one name the last is read; we refuse both",
    },
    Difference {
        mutations: &["header: too deep"],
        ours: "header_json",
        peers: ALL,
        reason: "we read 16 levels, the crates 128, JavaScript any number",
    },
    Difference {
        mutations: &["header: so deep that readers stop"],
        ours: "header_json",
        peers: &[Jose],
        reason: "JavaScript reads any depth",
    },
    Difference {
        mutations: &["header: a number that no double holds"],
        ours: "header_json",
        peers: ALL,
        reason: "numbers are rounded; we refuse what we cannot give back",
    },
    Difference {
        mutations: &["header: a byte order mark"],
        ours: "header_json",
        peers: &[Jose],
        reason: "its UTF-8 decoder drops the mark",
    },
    Difference {
        mutations: &["header: an unpaired surrogate", "header: a surrogate in a name"],
        ours: "header_json",
        peers: &[Jose],
        reason: "strings of JavaScript hold half a pair; UTF-8 cannot",
    },
    Difference {
        mutations: &["header: a registered member of the wrong type"],
        ours: "header_member",
        peers: &[Jose, Jsonwebtoken],
        reason: "members that are not used are not read; null is absence",
    },
    Difference {
        mutations: &["kid: not a string", "typ: not a string"],
        ours: "header_member",
        peers: &[Jose, Jsonwebtoken],
        reason: "members that are not used are not read; null is absence",
    },
    Difference {
        mutations: &["typ: another kind of token"],
        ours: "typ",
        peers: ALL,
        reason: "the kind of token is the caller's to check; for ID tokens jose cannot be told that typ may be absent",
    },
    Difference {
        mutations: &["typ: absent"],
        ours: "typ",
        peers: &[Josekit, Jsonwebtoken],
        reason: "the kind of token is the caller's to check",
    },
    Difference {
        mutations: &["crit: an unknown extension", "crit: a registered member"],
        ours: "critical",
        peers: &[Jsonwebtoken],
        reason: "crit is the caller's to check",
    },
    Difference {
        mutations: &["crit: malformed"],
        ours: "critical",
        peers: &[Josekit, Jsonwebtoken],
        reason: "an empty crit, or null, is like none (RFC 7515 §4.1.11 forbids it)",
    },
    Difference {
        mutations: &["b64: true", "b64: false"],
        ours: "unencoded_payload",
        peers: ALL,
        reason: "b64 without crit is a member like any other",
    },
    Difference {
        mutations: &["b64: true, and critical", "b64: false, and critical"],
        ours: "critical",
        peers: &[Jose, Jsonwebtoken],
        reason: "jose knows the extension; for the other crit is the caller's to check",
    },
    Difference {
        mutations: &["b64: true, and critical", "b64: false, and critical"],
        ours: "unencoded_payload",
        peers: &[Jose, Jsonwebtoken],
        reason: "the same, where b64 comes before crit",
    },
    Difference {
        mutations: &["jwk: a key in the header", "jku, x5u, x5c: where a key is"],
        ours: "key_in_header",
        peers: ALL,
        reason: "a key that is not asked for is not looked at; we refuse whoever offers one",
    },
    // Base64url and the shape of the token.
    Difference {
        mutations: &[
            "base64: padding",
            "base64: spare bits",
            "base64: white space",
            "base64 of the signature: padding",
            "base64 of the signature: spare bits",
            "base64 of the signature: white space",
            "token: blanks around it",
            "token: a character changed",
        ],
        ours: "base64url",
        peers: &[Jose],
        reason: "its decoder forgives padding, spare bits and white space; each signed token then has several spellings",
    },
    Difference { mutations: &["token: too long"], ours: "too_large", peers: ALL, reason: "nobody else has a limit" },
    Difference {
        mutations: &["token: an empty payload, signed"],
        ours: "empty_segment",
        peers: &[Jose, Josekit],
        reason: "a JWS may be about nothing; ours never is",
    },
    Difference {
        mutations: &["signature: PSS without its leading zero"],
        ours: "signature",
        peers: &[Jose, Josekit],
        reason: "the number is the same; ours has to be as long as the modulus (RFC 8017 §8.1.2, step 1)",
    },
    // The claims.
    Difference {
        mutations: &["claims: a registered claim twice"],
        ours: "claims_json",
        peers: ALL,
        reason: "the last is read; jsonwebtoken refuses this of the claims that it checks, and iat is none of them",
    },
    Difference {
        mutations: &["claims: a registered claim twice, once with an escape"],
        ours: "claims_json",
        peers: &[Jose, Josekit],
        reason: "of two members of one name the last is read",
    },
    Difference {
        mutations: &["claims: another claim twice", "claims: a member twice, deep inside"],
        ours: "claims_json",
        peers: ALL,
        reason: "of two members of one name the last is read",
    },
    Difference {
        mutations: &["claims: too deep"],
        ours: "claims_json",
        peers: ALL,
        reason: "we read 16 levels, the crates 128, JavaScript any number",
    },
    Difference {
        mutations: &["claims: so deep that readers stop"],
        ours: "claims_json",
        peers: &[Jose],
        reason: "JavaScript reads any depth",
    },
    Difference {
        mutations: &[
            "claims: a number that no double holds",
            "claims: a number in a nested place that no double holds",
            "exp: no double holds it",
        ],
        ours: "claims_json",
        peers: ALL,
        reason: "numbers are rounded; we refuse what we cannot give back",
    },
    Difference {
        mutations: &["claims: a byte order mark"],
        ours: "claims_json",
        peers: &[Jose],
        reason: "its UTF-8 decoder drops the mark",
    },
    Difference {
        mutations: &["claims: an unpaired surrogate", "claims: a surrogate in a name"],
        ours: "claims_json",
        peers: &[Jose],
        reason: "strings of JavaScript hold half a pair; UTF-8 cannot",
    },
    Difference {
        mutations: &["exp: too far to be a date"],
        ours: "claim_type",
        peers: ALL,
        reason: "dates end with us at 2^53",
    },
    Difference {
        mutations: &["exp: absent"],
        ours: "claim_missing",
        peers: &[Josekit],
        reason: "its validator looks only at the times that are there",
    },
    Difference {
        mutations: &["nbf: negative"],
        ours: "claim_type",
        peers: &[Jose],
        reason: "before 1970 is a time as well",
    },
    Difference {
        mutations: &["iat: negative"],
        ours: "claim_type",
        peers: &[Jose, Jsonwebtoken],
        reason: "before 1970 is a time as well; jsonwebtoken does not look at iat",
    },
    Difference {
        mutations: &["iat: not a number", "iat: null"],
        ours: "claim_type",
        peers: &[Jsonwebtoken],
        reason: "it does not look at iat",
    },
    Difference {
        mutations: &["iat: future", "iat: to the second"],
        ours: "issued_in_future",
        peers: &[Jose, Jsonwebtoken],
        reason: "jose asks iat only for the age of a token; jsonwebtoken not at all",
    },
    Difference {
        mutations: &["iat: future", "iat: to the second"],
        ours: "never_valid",
        peers: &[Jose, Jsonwebtoken],
        reason: "nobody compares exp with iat; such a token is over before it begins",
    },
    Difference {
        mutations: &["iat: absent", "jti: absent"],
        ours: "claim_missing",
        peers: &[Josekit, Jsonwebtoken],
        reason: "which claims must be there is the caller's to check",
    },
    Difference {
        mutations: &["sub: absent"],
        ours: "claim_missing",
        peers: &[Josekit],
        reason: "which claims must be there is the caller's to check",
    },
    Difference {
        mutations: &["sub: empty", "jti: empty"],
        ours: "claim_type",
        peers: ALL,
        reason: "an empty string is a string; it names nobody",
    },
    Difference {
        mutations: &["sub: not a string"],
        ours: "claim_type",
        peers: &[Jose],
        reason: "it has to be there, of whatever type",
    },
    Difference {
        mutations: &["jti: not a string"],
        ours: "claim_type",
        peers: &[Jose, Jsonwebtoken],
        reason: "it is not looked at",
    },
    Difference {
        mutations: &["iss: an array with the issuer"],
        ours: "claim_type",
        peers: &[Jsonwebtoken],
        reason: "one of several issuers will do; RFC 7519 §4.1.1 knows one",
    },
    Difference {
        mutations: &["aud: absent"],
        ours: "claim_missing",
        peers: &[Josekit],
        reason: "its validator looks at aud only where it is there",
    },
    Difference {
        mutations: &["aud: an array that is not all strings"],
        ours: "claim_type",
        peers: &[Jose],
        reason: "one string that fits will do",
    },
];

const ALL: &[Peer] = &Peer::ALL;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::mutation::{MUTATIONS, Ours};

    #[test]
    fn mutations_have_one_name_each_and_rows_name_mutations() {
        let names: HashSet<&str> = MUTATIONS.iter().map(|mutation| mutation.name).collect();
        assert_eq!(names.len(), MUTATIONS.len());
        for row in DIFFERENCES {
            assert!(row.mutations.iter().all(|name| names.contains(name)), "{:?}", row.mutations);
        }
    }

    /// A row that says that we refuse a mutation names a code that the mutation allows.
    #[test]
    fn rows_and_mutations_agree_on_what_we_say() {
        for row in DIFFERENCES.iter().filter(|row| row.ours != ACCEPTED) {
            for mutation in MUTATIONS.iter().filter(|mutation| row.mutations.contains(&mutation.name)) {
                let codes = match mutation.ours {
                    Ours::Accepts => panic!("{} is accepted", mutation.name),
                    Ours::Depends(codes) | Ours::Refuses(codes) => codes,
                };
                assert!(codes.is_empty() || codes.contains(&row.ours), "{}: {}", mutation.name, row.ours);
            }
        }
    }
}
