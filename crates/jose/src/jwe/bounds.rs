//! How much is read and written.

/// The longest message that is read or written, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// The most recipients that a general JWE may have.
pub const MAX_RECIPIENTS: usize = 8;
