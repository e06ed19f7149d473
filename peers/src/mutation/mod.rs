//! What can be done to a right token, by name; with what we must say to it.

mod claims;
mod encoding;
mod header;
mod signature;
mod text;

use std::sync::LazyLock;

use fastrand::Rng;

use crate::keys::Alg;
use crate::token::{Draft, Members};

/// One thing that is done to a token.
pub struct Mutation {
    /// Its name, in the table of differences too.
    pub name: &'static str,
    /// What it touches: no token has two mutations of one part.
    pub part: &'static str,
    /// Who must see it.
    pub layer: Layer,
    /// What we must say.
    pub ours: Ours,
    /// How it is done. `false` where it cannot be done to this token.
    pub step: Step,
}

/// Whose rule a mutation touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Of every JWS.
    Jws,
    /// Of tokens alone: as a JWS it stays right.
    Jwt,
}

/// What we must say to a token with this mutation. Codes are those of `TokenError::code`; none means any.
#[derive(Clone, Copy, Debug)]
pub enum Ours {
    /// It is still right.
    Accepts,
    /// It hangs on the rest of the token, or on what exactly was done.
    Depends(&'static [&'static str]),
    /// It is wrong.
    Refuses(&'static [&'static str]),
}

/// The stage at which a mutation acts; what comes before is built, what comes after follows from it.
pub enum Step {
    /// On members and on who signs.
    Draft(fn(&mut Draft, &mut Rng) -> bool),
    /// On the text of the header.
    HeaderText(fn(&mut Vec<u8>, &mut Rng) -> bool),
    /// On the text of the claims.
    ClaimsText(fn(&mut Vec<u8>, &mut Rng) -> bool),
    /// On the encoded header and payload, which are then signed as they are.
    Encoded(fn(&mut [String; 2], &mut Rng) -> bool),
    /// On the signature.
    Signature(fn(Alg, &mut Vec<u8>, &mut Rng) -> bool),
    /// On the whole token.
    Token(fn(&mut String, &mut Rng) -> bool),
}

/// Every mutation.
pub static MUTATIONS: LazyLock<Vec<Mutation>> = LazyLock::new(|| {
    [header::mutations(), claims::mutations(), text::mutations(), encoding::mutations(), signature::mutations()]
        .into_iter()
        .flatten()
        .collect()
});

fn pick<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(..choices.len())]
}

/// Gives a member a value, in its place or at the end.
fn set(members: &mut Members, name: &str, value: impl Into<String>) {
    match members.iter_mut().find(|(found, _)| found == name) {
        Some(member) => member.1 = value.into(),
        None => members.push((name.to_owned(), value.into())),
    }
}

/// Puts a member somewhere, also where there is one of its name.
fn insert(members: &mut Members, name: &str, value: impl Into<String>, rng: &mut Rng) {
    let place = rng.usize(..=members.len());
    members.insert(place, (name.to_owned(), value.into()));
}

fn remove(members: &mut Members, name: &str) -> bool {
    let before = members.len();
    members.retain(|(found, _)| found != name);
    members.len() < before
}
