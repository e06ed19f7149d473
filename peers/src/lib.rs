//! Second opinions on `countersign-jose`: the same tokens before other implementations of JOSE.
//!
//! [`token`] makes tokens, right ones and wrong ones, each wrong in ways that have a name ([`mutation`]). [`opinion`] asks
//! for verdicts: ours, `josekit`'s, `jsonwebtoken`'s, and that of npm `jose` in a process of its own. [`difference`] is the
//! table of the ways in which the verdicts are known to differ, each with its reason; the `differential` program fails on
//! any other.
//!
//! Read first: `bin/differential.rs`, [`mutation`], [`difference`].
#![forbid(unsafe_code)]

pub mod difference;
pub mod keys;
pub mod mutation;
pub mod opinion;
pub mod token;
