//! Errors of libraries, without their reasons.

use crate::crypto::Rejected;

pub(crate) fn reject<E>(_: E) -> Rejected {
    Rejected
}
