//! What the sender of a message chooses.

use super::ContentEncryption;

/// What the sender chooses beside the key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parameters<'a> {
    /// `enc`; A256GCM, and for a key for `dir` its own, unless something else is said here.
    pub enc: Option<ContentEncryption>,
    /// `typ`, if any.
    pub typ: Option<&'a str>,
    /// `cty`, if any.
    pub cty: Option<&'a str>,
    /// `apu`, information about the sender that goes into the key that is agreed on; ECDH-ES only, empty for none.
    pub apu: &'a [u8],
    /// `apv`, the same about the recipient.
    pub apv: &'a [u8],
}
