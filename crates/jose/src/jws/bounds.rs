//! How much is read.

/// The longest compact JWS that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;
