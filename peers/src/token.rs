//! Tokens: right ones of great variety, and what mutations make of them.

use countersign_jose::base64url;
use fastrand::Rng;

use crate::keys::{self, Alg, Whose};
use crate::mutation::{Layer, MUTATIONS, Mutation, Ours, Step};

/// The issuer that every verifier expects.
pub const ISSUER: &str = "https://login.example.com/tenant/7d2f1b9e";

/// The audience that every verifier expects.
pub const AUDIENCE: &str = "https://api.example.com/v1/orders";

/// What a token is presented as, with the rules that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `at+jwt`: `iss`, `sub`, `aud`, `exp`, `iat` and `jti` are required.
    AccessToken,
    /// `JWT` or without `typ`: `iss`, `sub`, `aud`, `exp` and `iat` are required.
    IdToken,
    /// A compact JWS, whose payload nobody reads.
    Jws,
}

/// A token, the question that goes with it, and how it was made.
pub struct Case {
    /// The token.
    pub token: String,
    /// The algorithm of the verifier's key.
    pub alg: Alg,
    /// What it is presented as.
    pub profile: Profile,
    /// Seconds since the epoch.
    pub now: i64,
    /// What was done to it; nothing, for a right token.
    pub mutations: Vec<&'static Mutation>,
}

/// A token in the making.
pub struct Draft {
    /// The algorithm of the verifier's key.
    pub alg: Alg,
    /// What it will be presented as.
    pub profile: Profile,
    /// Seconds since the epoch.
    pub now: i64,
    /// The members of the header.
    pub header: Members,
    /// The claims.
    pub claims: Members,
    /// Who signs, and how.
    pub signature: Signature,
}

/// The members of an object: names as they stand between their quotes, values as JSON text. A name may occur twice.
pub type Members = Vec<(String, String)>;

/// How a token is signed.
pub enum Signature {
    /// With an algorithm and the key of its kind.
    By(Alg, Whose),
    /// With a MAC under these bytes.
    MacUnder(Vec<u8>),
    /// RSASSA-PSS with a salt of this length.
    PssSalt(i32),
    /// RSASSA-PSS, with a signature that begins with a zero byte, which is then left out.
    PssWithoutLeadingZero,
    /// With no bytes at all.
    Absent,
}

impl Case {
    /// Makes a token: a right one now and then, mostly one with one thing done to it, sometimes with two.
    pub fn generate(rng: &mut Rng, now: i64) -> Case {
        let draft = Draft::right(rng, now);
        let wanted = match rng.u32(..100) {
            0..15 => 0,
            15..85 => 1,
            _ => 2,
        };
        let mut chosen: Vec<&'static Mutation> = Vec::new();
        while chosen.len() < wanted {
            let mutation = &MUTATIONS[rng.usize(..MUTATIONS.len())];
            if chosen.iter().all(|other| other.part != mutation.part) {
                chosen.push(mutation);
            }
        }
        draft.build(&chosen, rng)
    }

    /// Whether the verdict hangs on the second in which it is given.
    pub fn is_timed_to_the_second(&self) -> bool {
        self.mutations.iter().any(|mutation| mutation.name.ends_with("to the second"))
    }

    /// The mutations that bear on the verdict.
    pub fn relevant(&self) -> impl Iterator<Item = &'static Mutation> {
        let profile = self.profile;
        self.mutations.iter().copied().filter(move |mutation| mutation.layer == Layer::Jws || profile != Profile::Jws)
    }

    /// The name of the class: of the one mutation, or of both.
    pub fn class(&self) -> String {
        match self.mutations.as_slice() {
            [] => "right".to_owned(),
            [one] => one.name.to_owned(),
            several => several.iter().map(|mutation| mutation.name).collect::<Vec<_>>().join(" + "),
        }
    }

    /// Whether this is what we must say: `code` is why we refused, `None` that we accepted.
    pub fn allows(&self, code: Option<&str>) -> bool {
        let mut may_accept = true;
        let mut codes = Vec::new();
        let mut any = false;
        for mutation in self.relevant() {
            let (accepts, reasons) = match mutation.ours {
                Ours::Accepts => continue,
                Ours::Depends(reasons) => (true, reasons),
                Ours::Refuses(reasons) => (false, reasons),
            };
            may_accept &= accepts;
            any |= reasons.is_empty();
            codes.extend(reasons);
        }
        match code {
            None => may_accept,
            Some(code) => any || codes.contains(&code),
        }
    }
}

impl Draft {
    fn right(rng: &mut Rng, now: i64) -> Draft {
        let alg = Alg::COMPARED[rng.usize(..Alg::COMPARED.len())];
        let profile = match rng.u32(..5) {
            0 => Profile::Jws,
            1 | 2 => Profile::IdToken,
            _ => Profile::AccessToken,
        };
        let typ = match profile {
            Profile::AccessToken => Some("at+jwt"),
            Profile::IdToken => rng.bool().then_some("JWT"),
            Profile::Jws => [None, Some("JWT"), Some("JOSE")][rng.usize(..3)],
        };
        let mut header = vec![("alg".to_owned(), quoted(alg.name()))];
        header.extend(typ.map(|typ| ("typ".to_owned(), quoted(typ))));
        if rng.bool() {
            header.push(("kid".to_owned(), quoted(&word(rng))));
        }
        rng.shuffle(&mut header);
        Draft { alg, profile, now, header, claims: claims(rng, now), signature: Signature::By(alg, Whose::Trusted) }
    }

    fn build(mut self, mutations: &[&'static Mutation], rng: &mut Rng) -> Case {
        let mut done: Vec<&'static Mutation> = Vec::new();
        let mut apply = |wanted: fn(&Step) -> bool, run: &mut dyn FnMut(&Step, &mut Rng) -> bool| {
            for mutation in mutations.iter().copied().filter(|mutation| wanted(&mutation.step)) {
                if run(&mutation.step, rng) {
                    done.push(mutation);
                }
            }
        };
        apply(|step| matches!(step, Step::Draft(_)), &mut |step, rng| match step {
            Step::Draft(change) => change(&mut self, rng),
            _ => false,
        });
        let mut header = object(&self.header).into_bytes();
        apply(|step| matches!(step, Step::HeaderText(_)), &mut |step, rng| match step {
            Step::HeaderText(change) => change(&mut header, rng),
            _ => false,
        });
        let mut claims = object(&self.claims).into_bytes();
        apply(|step| matches!(step, Step::ClaimsText(_)), &mut |step, rng| match step {
            Step::ClaimsText(change) => change(&mut claims, rng),
            _ => false,
        });
        let mut segments = [base64url::encode(header), base64url::encode(claims)];
        apply(|step| matches!(step, Step::Encoded(_)), &mut |step, rng| match step {
            Step::Encoded(change) => change(&mut segments, rng),
            _ => false,
        });
        let input = segments.join(".");
        let mut signature = match &self.signature {
            Signature::By(alg, whose) => keys::sign(*alg, *whose, input.as_bytes()),
            Signature::MacUnder(key) => keys::mac(Alg::Hs256, key, input.as_bytes()),
            Signature::PssSalt(length) => keys::sign_pss(*length, input.as_bytes()),
            Signature::PssWithoutLeadingZero => keys::sign_pss_without_leading_zero(input.as_bytes()),
            Signature::Absent => Vec::new(),
        };
        let alg = self.alg;
        apply(|step| matches!(step, Step::Signature(_)), &mut |step, rng| match step {
            Step::Signature(change) => change(alg, &mut signature, rng),
            _ => false,
        });
        let mut token = format!("{input}.{}", base64url::encode(signature));
        apply(|step| matches!(step, Step::Token(_)), &mut |step, rng| match step {
            Step::Token(change) => change(&mut token, rng),
            _ => false,
        });
        Case { token, alg, profile: self.profile, now: self.now, mutations: done }
    }
}

fn claims(rng: &mut Rng, now: i64) -> Members {
    let audience = match rng.u32(..4) {
        0 => format!("[{}]", quoted(AUDIENCE)),
        1 => format!("[{},{}]", quoted("https://other.example"), quoted(AUDIENCE)),
        _ => quoted(AUDIENCE),
    };
    let iat = now - rng.i64(10..1_000);
    let mut claims: Members = vec![
        ("iss".into(), quoted(ISSUER)),
        ("sub".into(), quoted(&word(rng))),
        ("aud".into(), audience),
        ("exp".into(), (now + rng.i64(120..4_000)).to_string()),
        ("iat".into(), iat.to_string()),
        ("jti".into(), quoted(&word(rng))),
    ];
    if rng.bool() {
        claims.push(("nbf".into(), (iat - rng.i64(0..100)).to_string()));
    }
    for index in 0..rng.usize(..4) {
        claims.push((format!("claim{index}"), value(rng, 3)));
    }
    rng.shuffle(&mut claims);
    claims
}

/// A value that survives in a double.
pub fn value(rng: &mut Rng, depth: usize) -> String {
    match rng.u32(..if depth == 0 { 6 } else { 8 }) {
        0 => "null".to_owned(),
        1 => rng.bool().to_string(),
        2 => rng.i64(-9_007_199_254_740_992..9_007_199_254_740_992).to_string(),
        3 => ["0.5", "-0.25", "1e3", "1E-2", "0", "-1", "3.0", "2.5e+10"][rng.usize(..8)].to_owned(),
        4 | 5 => quoted(&word(rng)),
        6 => {
            let items: Vec<String> = (0..rng.usize(..4)).map(|_| value(rng, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let members: Members =
                (0..rng.usize(..4)).map(|index| (format!("m{index}"), value(rng, depth - 1))).collect();
            object(&members)
        }
    }
}

/// A string of some length, of letters and now and then of what needs an escape or more than one byte.
pub fn word(rng: &mut Rng) -> String {
    let odd = ['"', '\\', '/', '\n', '\u{1}', '\u{7f}', 'é', '€', '\u{2028}', '\u{1f511}', ' ', '{', ','];
    let plain = rng.bool();
    let length = rng.usize(1..24);
    let mut character = || if plain || rng.u32(..4) > 0 { rng.alphanumeric() } else { odd[rng.usize(..odd.len())] };
    (0..length).map(|_| character()).collect()
}

/// A string as JSON text.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// An object as JSON text.
pub fn object(members: &Members) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}
