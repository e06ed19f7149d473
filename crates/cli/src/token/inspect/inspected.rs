//! What a token says, taken apart as far as it goes.

use countersign_jose::jwe::DecryptionKey;

use crate::look::{Form, Look};
use crate::reason::Reason;
use crate::{decryption, judge};

/// What was made out of a text.
pub(super) struct Inspected {
    pub(super) look: Look,
    pub(super) broken: Vec<Reason>,
    /// What was in it.
    pub(super) decrypted: Option<Box<Inspected>>,
}

impl Inspected {
    pub(super) fn of(text: &str, key: Option<&DecryptionKey>) -> Self {
        let look = Look::at(text);
        let mut decrypted = None;
        let broken = match (look.form, key) {
            (form @ (Form::Jwe | Form::JweJson), Some(key)) => match decryption::decrypt(text, form, key) {
                Ok(content) => {
                    // A signed token in it is taken apart, an encrypted one is not (RFC 8725 §3.8 and our own bound).
                    decrypted = Some(Box::new(Inspected::within(&content)));
                    Vec::new()
                }
                Err(error) => vec![error.into()],
            },
            (form @ (Form::Jwe | Form::JweJson), None) => {
                decryption::form(text, form).into_iter().map(Reason::from).collect()
            }
            (Form::Jws | Form::Unknown, _) => judge::form(text, &look).into_iter().map(Reason::from).collect(),
            (Form::JwsJson | Form::Content, _) => Vec::new(),
        };
        Inspected { look, broken, decrypted }
    }

    fn within(content: &[u8]) -> Self {
        match std::str::from_utf8(content) {
            Ok(text) if text.split('.').count() == 3 && !text.starts_with('{') => Inspected::of(text, None),
            _ => Inspected { look: Look::at_content(content), broken: Vec::new(), decrypted: None },
        }
    }
}
