//! A content encryption key, and how it goes to a recipient.

use zeroize::Zeroizing;

/// A content encryption key.
pub(in crate::jwe) type Cek = Zeroizing<Vec<u8>>;

/// What a recipient is sent.
#[derive(Default)]
pub(in crate::jwe) struct Sealed {
    /// Empty where the recipient knows or computes the content encryption key.
    pub(in crate::jwe) encrypted_key: Vec<u8>,
    /// Header members, as JSON.
    pub(in crate::jwe) members: Vec<(&'static str, String)>,
}
