//! `dir`: the shared key is the content encryption key ([RFC 7518 §4.5]).
//!
//! [RFC 7518 §4.5]: https://www.rfc-editor.org/rfc/rfc7518#section-4.5

use super::Cek;
use crate::jwe::encryption_key::Shared;

pub(super) fn cek(shared: &Shared) -> Cek {
    shared.secret.clone()
}
