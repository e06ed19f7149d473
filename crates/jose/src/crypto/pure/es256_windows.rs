//! ES256 under a key that is seen again and again: for each of the 32 bytes of a scalar, a table of what the 255 values of
//! that byte make of the point. Verifying then takes at most 64 additions and no doubling ([SEC 1 §4.1.4]).
//!
//! This is our own code because `p256` keeps tables for no point but the generator. The arithmetic is still that of `p256`,
//! and a test holds the results against it.
//!
//! Which entries are looked up shows the hash and the signature, which are public; nothing secret comes here.
//!
//! [SEC 1 §4.1.4]: https://www.secg.org/sec1-v2.pdf

use std::sync::LazyLock;

use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::ff::PrimeField;
use p256::elliptic_curve::group::Group;
use p256::elliptic_curve::ops::{Invert, Reduce};
use p256::elliptic_curve::point::{AffineCoordinates, BatchNormalize};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use sha2::{Digest, Sha256};

use super::{Rejected, reject};

/// The windows of a public key; those of the generator are shared by all.
pub(crate) struct WindowedKey(Windows);

impl WindowedKey {
    pub(super) fn new(key: &VerifyingKey) -> Self {
        // So that the first signature does not wait for it.
        LazyLock::force(&GENERATOR);
        WindowedKey(Windows::new(ProjectivePoint::from(*key.as_affine())))
    }

    /// Accepts what the key itself accepts.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        let (r, s) = Signature::from_slice(signature).map_err(reject)?.split_scalars();
        let s_inverse = *s.invert_vartime();
        let e = <Scalar as Reduce<FieldBytes>>::reduce(&Sha256::digest(message));
        let sum = GENERATOR.add(ProjectivePoint::IDENTITY, &(e * s_inverse));
        let sum = self.0.add(sum, &(*r * s_inverse));
        if bool::from(sum.is_identity()) {
            return Err(Rejected);
        }
        let v = <Scalar as Reduce<FieldBytes>>::reduce(&sum.to_affine().x());
        if v == *r { Ok(()) } else { Err(Rejected) }
    }
}

/// `windows[i][j]` is `(j + 1) · 256^i` times the point.
struct Windows(Vec<[AffinePoint; 255]>);

static GENERATOR: LazyLock<Windows> = LazyLock::new(|| Windows::new(ProjectivePoint::GENERATOR));

impl Windows {
    fn new(point: ProjectivePoint) -> Self {
        let mut start = point;
        Windows(
            (0..32)
                .map(|_| {
                    let mut next = start;
                    let multiples = [(); 255].map(|()| {
                        let multiple = next;
                        next += start;
                        multiple
                    });
                    // The last one is the 256th: the first of the next window.
                    start = next;
                    ProjectivePoint::batch_normalize(&multiples)
                })
                .collect(),
        )
    }

    /// Adds the multiple of the point.
    fn add(&self, mut sum: ProjectivePoint, scalar: &Scalar) -> ProjectivePoint {
        for (window, &byte) in self.0.iter().zip(scalar.to_repr().iter().rev()) {
            // A zero adds nothing.
            if let Some(multiple) = usize::from(byte).checked_sub(1).and_then(|index| window.get(index)) {
                sum += *multiple;
            }
        }
        sum
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]
mod tests {
    use super::*;

    #[test]
    fn a_table_multiplies_as_the_curve_does() {
        let five = ProjectivePoint::GENERATOR * Scalar::from(5_u64);
        let windows = Windows::new(five);
        let mut scalar = Scalar::from(1_u64);
        for round in 0..40_u64 {
            let expected = (five * scalar).to_affine();
            assert_eq!(windows.add(ProjectivePoint::IDENTITY, &scalar).to_affine(), expected, "{round}");
            scalar = scalar * scalar + Scalar::from(round);
        }
        for scalar in [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(255_u64), Scalar::from(256_u64)] {
            let found = windows.add(ProjectivePoint::IDENTITY, &scalar).to_affine();
            assert_eq!(found, (five * scalar).to_affine());
        }
    }

    #[test]
    fn a_table_takes_what_its_documentation_says() {
        let windows = Windows::new(ProjectivePoint::GENERATOR);
        assert_eq!(windows.0.len() * size_of::<[AffinePoint; 255]>(), 587_520);
    }
}
