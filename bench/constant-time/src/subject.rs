//! What is looked at: comparisons of something presented with something held.

use countersign_jose::base64url;
use countersign_jose::jwe::{self, ContentEncryption, DecryptionKey, Parameters};
use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_storage::{Handle, Secret};

/// A comparison, and what to compare next.
pub(crate) trait Subject {
    /// How many places a wrong byte can stand at.
    fn length(&self) -> usize;

    /// Presents what is held, changed by this mask. What is done for it is the same for every mask.
    fn present(&mut self, mask: &Mask);

    /// Compares. Always wrong.
    fn accepts(&self) -> bool;
}

/// What is changed, byte by byte.
pub(crate) type Mask = [u8; 64];

/// Whether a subject must not leak where the wrong byte stands, or is there to show that a leak is seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Must {
    BeConstant,
    Leak,
}

pub(crate) const NAMES: [(&str, Must); 8] = [
    ("HS256", Must::BeConstant),
    ("HS384", Must::BeConstant),
    ("HS512", Must::BeConstant),
    ("A128CBC-HS256", Must::BeConstant),
    ("A256CBC-HS512", Must::BeConstant),
    ("Secret", Must::BeConstant),
    ("Handle", Must::BeConstant),
    ("control", Must::Leak),
];

/// The subject of this name.
pub(crate) fn named(name: &str) -> Option<Box<dyn Subject>> {
    Some(match name {
        "Secret" => Box::new(Secrets { held: Secret::new(TEXT), presented: Secret::new(TEXT) }),
        "Handle" => Box::new(Handles { held: Secret::new(TEXT).handle(), presented: Secret::new(TEXT) }),
        "control" => Box::new(Control { presented: TEXT.to_owned() }),
        _ => match name.parse() {
            Ok(algorithm) => Box::new(Macs::new(algorithm)?),
            Err(_) => Box::new(Messages::new(name.parse().ok()?)?),
        },
    })
}

/// 43 characters, as the secrets that we make.
const TEXT: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

/// `jws::hmac::verify`, as it judges a token with a wrong tag.
struct Macs {
    key: HmacKey,
    signing_input: String,
    tag: Vec<u8>,
    token: String,
}

impl Macs {
    fn new(algorithm: HmacAlgorithm) -> Option<Self> {
        let key = HmacKey::new(algorithm, &[7; 64]).ok()?;
        let token = hmac::sign(&key, None, br#"{"iss":"joe","exp":1300819380}"#).ok()?;
        let (signing_input, tag) = token.rsplit_once('.')?;
        let (signing_input, tag) = (signing_input.to_owned(), base64url::decode(tag).ok()?);
        Some(Macs { key, signing_input, tag, token })
    }
}

impl Subject for Macs {
    fn length(&self) -> usize {
        self.tag.len()
    }

    fn present(&mut self, mask: &Mask) {
        let tag: Vec<u8> = self.tag.iter().zip(mask).map(|(byte, change)| byte ^ change).collect();
        // In the place of the last one, so that all stand at one address.
        self.token.clear();
        self.token.push_str(&self.signing_input);
        self.token.push('.');
        self.token.push_str(&base64url::encode(tag));
    }

    fn accepts(&self) -> bool {
        hmac::verify(&self.token, &self.key).is_ok()
    }
}

/// An encrypted message under a shared key, as it is refused for a wrong tag.
struct Messages {
    key: DecryptionKey,
    before_tag: String,
    tag: Vec<u8>,
    message: String,
}

impl Messages {
    fn new(enc: ContentEncryption) -> Option<Self> {
        let key = DecryptionKey::direct(enc, [7; 64].get(..enc.key_length())?).ok()?;
        let message = jwe::encrypt(&key.encryption_key(), &Parameters::default(), b"the content").ok()?;
        let (before_tag, tag) = message.rsplit_once('.')?;
        let (before_tag, tag) = (before_tag.to_owned(), base64url::decode(tag).ok()?);
        Some(Messages { key, before_tag, tag, message })
    }
}

impl Subject for Messages {
    fn length(&self) -> usize {
        self.tag.len()
    }

    fn present(&mut self, mask: &Mask) {
        let tag: Vec<u8> = self.tag.iter().zip(mask).map(|(byte, change)| byte ^ change).collect();
        self.message.clear();
        self.message.push_str(&self.before_tag);
        self.message.push('.');
        self.message.push_str(&base64url::encode(tag));
    }

    fn accepts(&self) -> bool {
        jwe::Compact::parse(&self.message).and_then(|jwe| jwe.decrypt(&self.key)).is_ok()
    }
}

/// Two secrets.
struct Secrets {
    held: Secret,
    presented: Secret,
}

impl Subject for Secrets {
    fn length(&self) -> usize {
        TEXT.len()
    }

    fn present(&mut self, mask: &Mask) {
        self.presented = Secret::new(changed(TEXT, mask));
    }

    fn accepts(&self) -> bool {
        self.held == self.presented
    }
}

/// What is stored of a secret, with a secret. Nobody can choose where two hashes differ; here it is the one that is held
/// that is spoiled.
struct Handles {
    held: Handle,
    presented: Secret,
}

impl Subject for Handles {
    fn length(&self) -> usize {
        self.held.as_str().len()
    }

    fn present(&mut self, mask: &Mask) {
        // A handle that nobody hashed can only be read from a record.
        if let Ok(handle) = serde_json::from_value(changed(self.presented.handle().as_str(), mask).into()) {
            self.held = handle;
        }
    }

    fn accepts(&self) -> bool {
        self.held.matches(&self.presented)
    }
}

/// What must be seen to leak.
struct Control {
    presented: String,
}

impl Subject for Control {
    fn length(&self) -> usize {
        TEXT.len()
    }

    fn present(&mut self, mask: &Mask) {
        self.presented = changed(TEXT, mask);
    }

    fn accepts(&self) -> bool {
        self.presented.len() == TEXT.len() && self.presented.bytes().zip(TEXT.bytes()).all(|(a, b)| a == b)
    }
}

/// Only the lowest five bits change, so that a text of letters, digits, `-` and `_` stays ASCII.
fn changed(text: &str, mask: &Mask) -> String {
    text.bytes().zip(mask).map(|(byte, change)| char::from(byte ^ (change & 0x1F))).collect()
}
