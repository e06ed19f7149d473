//! What one implementation makes, the others accept, and all read the same.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use ::josekit::jws::JwsHeader;
use ::josekit::jwt::JwtPayload;
use countersign_jose::jws::hmac::HmacKey;
use countersign_jose::jwt::{self, Typ};
use countersign_peers::keys::{self, Alg, Whose};
use countersign_peers::opinion::{
    Content, Countersign, Jose, Josekit, Jsonwebtoken, Peer, Verdict, josekit, jsonwebtoken,
};
use countersign_peers::token::{AUDIENCE, Case, ISSUER, Profile};
use serde_json::{Value, json};

#[test]
fn everybody_accepts_what_we_mint() {
    let claims = claims();
    let mint = |alg: Alg| match alg.name().parse() {
        Ok(mac) => {
            let key = HmacKey::new(mac, &keys::secret(Whose::Trusted)).unwrap();
            jwt::hmac::mint(&key, Typ::AccessToken, &claims).unwrap()
        }
        Err(_) => jwt::mint(&keys::signing_key(alg, Whose::Trusted), Typ::AccessToken, &claims).unwrap(),
    };
    let cases: Vec<Case> = Alg::ALL.into_iter().map(|alg| case(alg, mint(alg))).collect();
    let mut jose = Jose::start().unwrap();
    jose.ask(&cases).unwrap();
    let of_jose = jose.collect().unwrap();
    assert_eq!(of_jose.len(), cases.len());
    let (josekit, jsonwebtoken) = (Josekit::default(), Jsonwebtoken::default());
    let ours = Content::Claims(claims.clone());
    for (case, of_jose) in cases.iter().zip(of_jose) {
        let verdicts = [of_jose, josekit.judge(case), jsonwebtoken.judge(case)];
        for (peer, verdict) in Peer::ALL.into_iter().zip(verdicts) {
            assert!(ours.agrees(&read(verdict, (peer, case.alg)), peer), "{peer} {:?}", case.alg);
        }
    }
}

#[test]
fn we_accept_what_others_mint() {
    let claims = claims();
    let by_jose = Jose::start().unwrap().mint(&Alg::ALL, &claims).unwrap();
    assert_eq!(by_jose.len(), Alg::ALL.len());
    // Its provider is chosen with it.
    let _ = Jsonwebtoken::default();
    let countersign = Countersign::default();
    for (alg, by_jose) in Alg::ALL.into_iter().zip(by_jose) {
        let mut header = ::jsonwebtoken::Header::new(jsonwebtoken::algorithm(alg));
        header.typ = Some("at+jwt".to_owned());
        let by_jsonwebtoken = ::jsonwebtoken::encode(&header, &claims, &jsonwebtoken::encoding_key(alg)).unwrap();
        let payload = JwtPayload::from_map(claims.as_object().unwrap().clone()).unwrap();
        let mut header = JwsHeader::new();
        header.set_token_type("at+jwt");
        let signer = josekit::signer(alg).unwrap();
        let by_josekit = ::josekit::jwt::encode_with_signer(&payload, &header, &*signer).unwrap();
        for (peer, token) in Peer::ALL.into_iter().zip([by_jose, by_josekit, by_jsonwebtoken]) {
            let ours = read(countersign.judge(&case(alg, token)), (peer, alg));
            assert!(ours.agrees(&Content::Claims(claims.clone()), peer), "{peer} {alg:?}");
        }
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "Zoë \"the\" 🔑",
        "aud": ["https://other.example", AUDIENCE],
        "exp": now() + 300,
        "iat": now() - 1,
        "nbf": now() - 1,
        "jti": "1",
        "act": { "sub": "agent", "list": [1, 2.5, null, true, {}] },
    })
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

fn case(alg: Alg, token: String) -> Case {
    Case { token, alg, profile: Profile::AccessToken, now: now(), mutations: Vec::new() }
}

fn read(verdict: Verdict, who: impl Debug) -> Content {
    match verdict {
        Verdict::Accepted(content) => content,
        refused => panic!("{who:?}: {refused:?}"),
    }
}
