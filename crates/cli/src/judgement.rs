//! What came of judging a token or a proof.

use crate::reason::Reason;

/// What came of judging a token.
pub(crate) struct Judgement {
    /// In the order in which a verifier asks; none if the token is good, as far as it was judged.
    pub(crate) reasons: Vec<Reason>,
    pub(crate) signature: Signature,
}

/// What is known about the signature, whatever else is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// By the key that the header names.
    Verified,
    /// Not by that key.
    Wrong,
    /// Not asked, and why.
    Unchecked(&'static str),
}
