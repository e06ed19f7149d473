//! Signatures.

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;

use super::Layer::Jws;
use super::Ours::{Accepts, Refuses};
use super::{Mutation, Step, pick};
use crate::keys::{Alg, Whose};
use crate::token::Signature;

const WRONG: &[&str] = &["signature"];

pub(super) fn mutations() -> Vec<Mutation> {
    [makers(), bytes()].into_iter().flatten().collect()
}

fn makers() -> Vec<Mutation> {
    let one = |name, ours, change| Mutation { name, part: "alg", layer: Jws, ours, step: Step::Draft(change) };
    vec![
        one("signature: by somebody else", Refuses(WRONG), |draft, _| {
            draft.signature = Signature::By(draft.alg, Whose::Other);
            true
        }),
        one("signature: with another hash or padding", Refuses(WRONG), |draft, rng| {
            let alike = |alg: &Alg| {
                *alg != draft.alg && (alg.is_rsa() && draft.alg.is_rsa() || alg.is_mac() && draft.alg.is_mac())
            };
            let others: Vec<Alg> = Alg::ALL.into_iter().filter(alike).collect();
            if others.is_empty() {
                return false;
            }
            draft.signature = Signature::By(pick(rng, &others), Whose::Trusted);
            true
        }),
        one("signature: PSS with a salt of another length", Refuses(WRONG), |draft, rng| {
            if draft.alg != Alg::Ps256 {
                return false;
            }
            draft.signature = Signature::PssSalt(pick(rng, &[0, 1, 20, 31, 33, 64, 222]));
            true
        }),
        one("signature: PSS without its leading zero", Refuses(WRONG), |draft, _| {
            if draft.alg != Alg::Ps256 {
                return false;
            }
            draft.signature = Signature::PssWithoutLeadingZero;
            true
        }),
    ]
}

fn bytes() -> Vec<Mutation> {
    let one =
        |name, ours, change| Mutation { name, part: "signature", layer: Jws, ours, step: Step::Signature(change) };
    vec![
        one("signature: a bit flipped", Refuses(WRONG), |_, signature, rng| {
            let Some(byte) = (!signature.is_empty()).then(|| rng.usize(..signature.len())) else { return false };
            signature[byte] ^= 1 << rng.u32(..8);
            true
        }),
        one("signature: cut", Refuses(WRONG), |alg, signature, rng| {
            if signature.len() < 2 {
                return false;
            }
            let kept = if rng.bool() { signature.len() - 1 } else { rng.usize(1..signature.len()) };
            let at_the_end = rng.bool();
            // That is another mutation, and a matter of luck here.
            if !at_the_end && alg.is_rsa() && signature[..signature.len() - kept].iter().all(|&byte| byte == 0) {
                return false;
            }
            match at_the_end {
                true => signature.truncate(kept),
                false => drop(signature.drain(..signature.len() - kept)),
            }
            true
        }),
        one("signature: more bytes", Refuses(WRONG), |_, signature, rng| {
            if signature.is_empty() {
                return false;
            }
            let more: Vec<u8> = (0..rng.usize(1..5)).map(|_| if rng.bool() { 0 } else { rng.u8(..) }).collect();
            let place = if rng.bool() { 0 } else { signature.len() };
            signature.splice(place..place, more);
            true
        }),
        one("signature: all zero", Refuses(WRONG), |_, signature, rng| {
            let fill = pick(rng, &[0, 0xFF]);
            signature.fill(fill);
            !signature.is_empty()
        }),
        one("signature: ECDSA in DER", Refuses(WRONG), |alg, signature, _| {
            let Some((r, s)) = numbers(alg, signature) else { return false };
            *signature = EcdsaSig::from_private_components(r, s).unwrap().to_der().unwrap();
            true
        }),
        one("signature: ECDSA with a zero", Refuses(WRONG), |alg, signature, rng| {
            if !alg.is_ecdsa() || signature.is_empty() {
                return false;
            }
            let half = signature.len() / 2;
            let start = if rng.bool() { 0 } else { half };
            signature[start..start + half].fill(0);
            true
        }),
        // s and the order less s verify alike: ECDSA is not a fingerprint, and no standard of JOSE asks for the lower one.
        one("signature: ECDSA with the other s", Accepts, |alg, signature, _| {
            let Some((r, s)) = numbers(alg, signature) else { return false };
            let half = i32::try_from(signature.len() / 2).unwrap();
            let mut other = BigNum::new().unwrap();
            other.checked_sub(&order(alg), &s).unwrap();
            *signature = [r.to_vec_padded(half).unwrap(), other.to_vec_padded(half).unwrap()].concat();
            true
        }),
        one("signature: Ed25519 with a larger s", Refuses(WRONG), |alg, signature, _| {
            if alg != Alg::EdDsa || signature.len() != 64 {
                return false;
            }
            let mut carry = 0;
            for (byte, order) in signature[32..].iter_mut().zip(ED25519_ORDER) {
                let sum = u16::from(*byte) + u16::from(order) + carry;
                *byte = sum.to_le_bytes()[0];
                carry = sum >> 8;
            }
            true
        }),
    ]
}

fn numbers(alg: Alg, signature: &[u8]) -> Option<(BigNum, BigNum)> {
    // It may be by another algorithm by now.
    let length = if alg == Alg::Es384 { 96 } else { 64 };
    if !alg.is_ecdsa() || signature.len() != length {
        return None;
    }
    let (r, s) = signature.split_at(signature.len() / 2);
    Some((BigNum::from_slice(r).ok()?, BigNum::from_slice(s).ok()?))
}

/// The order of the curve.
fn order(alg: Alg) -> BigNum {
    BigNum::from_hex_str(match alg {
        Alg::Es384 => {
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"
        }
        _ => "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    })
    .unwrap()
}

/// The order of the group, least byte first (RFC 8032 §5.1).
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
