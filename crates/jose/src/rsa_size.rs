//! Sizes of new RSA keys.

/// How long the modulus of a new RSA key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RsaSize {
    /// 2048 bits, the least that is accepted anywhere; about 112 bits of security.
    Bits2048,
    /// 3072 bits; about 128 bits of security, what [NIST SP 800-57] asks for beyond 2030.
    ///
    /// [NIST SP 800-57]: https://doi.org/10.6028/NIST.SP.800-57pt1r5
    Bits3072,
    /// 4096 bits.
    Bits4096,
}
