//! The strict JSON reader and the claims of rightly signed tokens, with `serde_json` as the second opinion: what the reader
//! accepts is the one value that anybody reads, and a token that passes has every claim that its kind must have, in time,
//! from whom and for whom it was expected.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use countersign_fuzz::{Edit, check_error, edited, key};
use countersign_jose::json::{self, JsonError, MAX_DEPTH};
use countersign_jose::jwt::{
    self, Expect, ExpectedAudience, ExpectedIssuer, MintError, TokenError, Typ, Unverified, Verified,
};
use countersign_jose::{Algorithm, SigningKey, base64url};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    kind: u8,
    clock: i8,
    leeway: u8,
    what: What<'a>,
}

#[derive(Arbitrary, Debug)]
enum What<'a> {
    Free(&'a [u8]),
    /// Good claims, spoiled.
    Spoiled(Vec<Edit<'a>>),
    /// Members one by one, in any order and number, in any spelling.
    Written(Vec<(Name<'a>, Node<'a>)>),
}

#[derive(Arbitrary, Debug)]
enum Name<'a> {
    Registered(u8),
    /// The same with its first letter escaped: the same name.
    Escaped(u8),
    Any(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Node<'a> {
    Null,
    True,
    Number(i64),
    Double(f64),
    /// Near the clock.
    Soon(i8),
    /// A number in any spelling.
    Spelled {
        whole: u64,
        fraction: Option<u64>,
        exponent: Option<i16>,
    },
    Expected(Who),
    Text(&'a str),
    List(Vec<Node<'a>>),
    Object(Vec<(Name<'a>, Node<'a>)>),
    /// The same so many levels deeper.
    Deep(u8),
}

#[derive(Arbitrary, Debug)]
enum Who {
    Issuer,
    Audience,
}

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://as.test";
const AUDIENCE: &str = "https://api.test";
const NAMES: [&str; 9] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "$serde_json::private::RawValue"];
const KINDS: [Typ; 5] = [Typ::AccessToken, Typ::IdToken, Typ::AgentJwt, Typ::IntrospectionResponse, Typ::RequestObject];
const GOOD: &str = r#"{"iss":"https://as.test","sub":"alice","aud":["https://api.test","b"],"exp":1700000050,"iat":1700000000,"nbf":1699999990.5,"jti":"j\u0031","x":{"y":[1.5e3,-0,true,null,{}]}}"#;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| key(Algorithm::EdDSA));

fuzz_target!(|input: Input<'_>| {
    let payload = match &input.what {
        What::Free(bytes) => bytes.to_vec(),
        What::Spoiled(edits) => edited(GOOD.as_bytes(), edits),
        What::Written(members) => {
            let mut text = String::new();
            write_object(&mut text, members, 0);
            text.into_bytes()
        }
    };
    let read = read(&payload);
    token(&input, &payload, read);
});

/// What this reader reads, `serde_json` reads alike; what it refuses for more than its rules of one reading, so does
/// `serde_json`.
fn read(bytes: &[u8]) -> Option<Value> {
    let second = serde_json::from_slice::<Value>(bytes);
    assert_eq!(json::check(bytes).is_ok(), json::parse(bytes).is_ok());
    match json::parse(bytes) {
        Ok(value) => {
            assert_eq!(second.ok().as_ref(), Some(&value));
            assert!(depth(&value) <= MAX_DEPTH);
            let written = serde_json::to_vec(&value).expect("a value is written");
            assert_eq!(json::parse(&written).as_ref(), Ok(&value), "and read again");
            Some(value)
        }
        Err(error) => {
            check_error(&error, &[]);
            let stricter = matches!(
                error,
                JsonError::DuplicateMember { .. }
                    | JsonError::InexactNumber { .. }
                    | JsonError::ReservedMember { .. }
                    | JsonError::TooDeep { .. }
            );
            assert!(stricter || second.is_err(), "{error}");
            None
        }
    }
}

fn token(input: &Input<'_>, payload: &[u8], read: Option<Value>) {
    let kind = KINDS[usize::from(input.kind) % KINDS.len()];
    let header = format!(r#"{{"alg":"EdDSA","typ":"{}"}}"#, kind.as_str());
    let signed = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    let signature = base64url::encode(KEY.sign(signed.as_bytes()).expect("a signature"));
    let token = format!("{signed}.{signature}");
    let now = NOW + i64::from(input.clock);
    let leeway = i64::from(input.leeway % 64);
    let expect =
        Expect::new(kind, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE])).leeway(leeway);
    let judged = Unverified::parse(&token).and_then(|token| token.verify::<Value>(&KEY.verifying_key(), &expect, now));
    match judged {
        Ok(verified) => {
            let claims = read.expect("claims are strict JSON");
            assert_eq!(verified.claims(), &claims);
            good(kind, &verified, &claims, now, leeway);
            let minted = jwt::mint(&KEY, kind, &claims);
            assert!(matches!(minted, Ok(_) | Err(MintError::TooLarge { .. })), "what is accepted can be minted");
        }
        Err(error) => {
            check_error(&error, &[&signature]);
            assert!(!error.code().is_empty());
            assert!(!matches!(error, TokenError::Jws(jwt_error) if jwt_error.code() == "signature"), "rightly signed");
        }
    }
}

/// The claims as anybody else reads them.
fn good(kind: Typ, verified: &Verified<Value>, claims: &Value, now: i64, leeway: i64) {
    assert!(verified.iss() == Some(ISSUER) && claims["iss"] == ISSUER);
    let names = |aud: &Value| match aud {
        Value::Array(several) => several.iter().map(|one| one.as_str().expect("strings").to_owned()).collect(),
        one => vec![one.as_str().expect("a string").to_owned()],
    };
    assert_eq!(verified.aud(), names(&claims["aud"]));
    assert!(verified.aud().iter().any(|one| one == AUDIENCE));
    for (claim, found) in [("sub", verified.sub()), ("jti", verified.jti())] {
        assert_eq!(claims.get(claim).map(|value| value.as_str()), found.map(Some), "{claim}");
        assert_ne!(found, Some(""), "{claim}");
    }
    for (claim, found) in [("exp", verified.exp()), ("nbf", verified.nbf()), ("iat", verified.iat())] {
        // Exact numbers up to 2^53, so that a double loses nothing but the fraction.
        let seconds = claims.get(claim).map(|value| value.as_f64().expect("a number").trunc() as i64);
        assert_eq!(seconds, found, "{claim}");
        assert!(found.is_none_or(|seconds| (0..=1 << 53).contains(&seconds)), "{claim}");
    }
    let required: &[bool] = match kind {
        Typ::AccessToken => &[verified.exp().is_some(), verified.sub().is_some(), verified.jti().is_some()],
        Typ::IdToken => &[verified.exp().is_some(), verified.sub().is_some(), verified.iat().is_some()],
        Typ::AgentJwt => &[
            verified.sub().is_some(),
            verified.jti().is_some(),
            verified.exp().zip(verified.iat()).is_some_and(|(exp, iat)| exp - iat <= 60),
        ],
        Typ::IntrospectionResponse => &[verified.iat().is_some()],
        _ => &[verified.exp().is_some()],
    };
    assert!(required.iter().all(|there| *there), "{kind:?}");
    assert!(verified.exp().is_none_or(|exp| exp > now - leeway), "expired");
    let begins = verified.iat().max(verified.nbf());
    assert!(verified.exp().zip(begins).is_none_or(|(exp, begins)| exp > begins), "never valid");
    assert!(verified.nbf().is_none_or(|nbf| nbf <= now + leeway), "not yet valid");
    assert!(verified.iat().is_none_or(|iat| iat <= now + leeway), "issued in the future");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn write_object(text: &mut String, members: &[(Name<'_>, Node<'_>)], level: usize) {
    text.push('{');
    for (index, (name, node)) in members.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        match name {
            Name::Registered(name) => text.push_str(&format!("\"{}\"", registered(*name))),
            Name::Escaped(name) => {
                let (first, rest) = registered(*name).split_at(1);
                text.push_str(&format!("\"\\u{:04x}{rest}\"", u32::from(first.as_bytes()[0])));
            }
            Name::Any(name) => text.push_str(&Value::from(*name).to_string()),
        }
        text.push_str(":\t");
        write_node(text, node, level + 1);
    }
    text.push('}');
}

fn write_node(text: &mut String, node: &Node<'_>, level: usize) {
    match node {
        // Far enough beyond the limit.
        _ if level > 20 => text.push('0'),
        Node::Null => text.push_str("null"),
        Node::True => text.push_str("true"),
        Node::Number(number) => text.push_str(&number.to_string()),
        Node::Double(number) => text.push_str(&Value::from(*number).to_string()),
        Node::Soon(seconds) => text.push_str(&(NOW + i64::from(*seconds)).to_string()),
        Node::Spelled { whole, fraction, exponent } => {
            text.push_str(&whole.to_string());
            fraction.iter().for_each(|fraction| text.push_str(&format!(".{fraction}")));
            exponent.iter().for_each(|exponent| text.push_str(&format!("e{exponent}")));
        }
        Node::Expected(Who::Issuer) => text.push_str(&Value::from(ISSUER).to_string()),
        Node::Expected(Who::Audience) => text.push_str(&Value::from(AUDIENCE).to_string()),
        Node::Text(string) => text.push_str(&Value::from(*string).to_string()),
        Node::List(nodes) => {
            text.push('[');
            for (index, node) in nodes.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write_node(text, node, level + 1);
            }
            text.push(']');
        }
        Node::Object(members) => write_object(text, members, level),
        Node::Deep(levels) => {
            let levels = usize::from(levels % 20);
            text.push_str(&format!("{}0{}", "[".repeat(levels), "]".repeat(levels)));
        }
    }
}

fn registered(index: u8) -> &'static str {
    NAMES[usize::from(index) % NAMES.len()]
}
