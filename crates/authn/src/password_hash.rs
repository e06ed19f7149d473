//! Password hashes as text: argon2id ([RFC 9106]) in the PHC string format, which names its scheme, version and cost:
//! `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
//!
//! A further scheme is one more variant of [`Scheme`] and one more arm where it is verified. What is stored says itself
//! what it is, so old hashes keep working and are replaced at the next sign-in.
//!
//! [RFC 9106]: https://www.rfc-editor.org/rfc/rfc9106

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign_storage::Fault;
use subtle::ConstantTimeEq;

use crate::argon2id_cost::Argon2idCost;
use crate::hashing_memory::HashingMemory;
use crate::password::Password;

/// A stored hash, taken apart.
#[derive(Clone)]
pub(crate) struct PasswordHash {
    scheme: Scheme,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// How a hash was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scheme {
    /// `$argon2id$v=19$`.
    Argon2idV19(Argon2idCost),
}

/// The salt of a fresh hash.
pub(crate) type Salt = [u8; 16];

impl PasswordHash {
    /// Hashes. Takes long: only on the pool.
    pub(crate) fn of(
        password: &Password,
        salt: Salt,
        scheme: Scheme,
        memory: &mut HashingMemory,
    ) -> Result<Self, Fault> {
        let hash = scheme.digest(password, &salt, HASH_BYTES, memory)?;
        Ok(PasswordHash { scheme, salt: salt.to_vec(), hash })
    }

    /// A hash to which no password is known, that costs as much to verify as a real one.
    pub(crate) fn decoy(scheme: Scheme) -> Self {
        PasswordHash { scheme, salt: vec![0; 16], hash: vec![0; HASH_BYTES] }
    }

    /// Whether `password` is behind this hash. Takes long: only on the pool.
    pub(crate) fn matches(&self, password: &Password, memory: &mut HashingMemory) -> Result<bool, Fault> {
        let hash = self.scheme.digest(password, &self.salt, self.hash.len(), memory)?;
        Ok(hash.ct_eq(&self.hash).into())
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Reads what [`Self::to_phc`] wrote, strictly: no other order, no other scheme, and no more work than
    /// [`Argon2idCost::within_bounds`] allows.
    ///
    /// # Errors
    /// [`Fault::Corrupt`]; [`Fault::Crypto`] for a hash that would cost too much.
    pub(crate) fn parse(phc: &str) -> Result<Self, Fault> {
        let hash = Self::read(phc).ok_or(Fault::Corrupt { kind: "password" })?;
        let Scheme::Argon2idV19(cost) = hash.scheme;
        if cost.within_bounds() { Ok(hash) } else { Err(TOO_COSTLY) }
    }

    fn read(phc: &str) -> Option<Self> {
        let mut parts = phc.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || salt.len().max(hash.len()) > TEXT_CEILING {
            return None;
        }
        let mut costs = costs.split(',');
        let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
        let cost = Argon2idCost { memory_kib: cost("m=")?, passes: cost("t=")?, lanes: cost("p=")? };
        if costs.next().is_some() {
            return None;
        }
        let (salt, hash) = (STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(hash).ok()?);
        let long_enough = salt.len() >= argon2::MIN_SALT_LEN && hash.len() >= HASH_BYTES;
        long_enough.then_some(PasswordHash { scheme: Scheme::Argon2idV19(cost), salt, hash })
    }

    pub(crate) fn to_phc(&self) -> String {
        let Scheme::Argon2idV19(Argon2idCost { memory_kib, passes, lanes }) = self.scheme;
        let (salt, hash) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(&self.hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }
}

impl Scheme {
    fn digest(
        self,
        password: &Password,
        salt: &[u8],
        length: usize,
        memory: &mut HashingMemory,
    ) -> Result<Vec<u8>, Fault> {
        let Scheme::Argon2idV19(Argon2idCost { memory_kib, passes, lanes }) = self;
        let params = Params::new(memory_kib, passes, lanes, Some(length)).map_err(|_| REFUSED)?;
        let mut hash = vec![0; length];
        let (blocks, argon2) = (params.block_count(), Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
        let hashed = memory.lend(blocks, |blocks| {
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, blocks)
        })?;
        hashed.map_err(|_| REFUSED)?;
        Ok(hash)
    }
}

const REFUSED: Fault = Fault::Crypto("argon2id refused its parameters");
const HASH_BYTES: usize = 32;
const TOO_COSTLY: Fault =
    Fault::Crypto("a stored password hash asks for more memory, passes or lanes than are spent on one");
/// The longest salt or hash as text: 96 bytes.
const TEXT_CEILING: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Scheme = Scheme::Argon2idV19(Argon2idCost { memory_kib: 64, passes: 1, lanes: 1 });

    fn memory() -> HashingMemory {
        HashingMemory::new(64)
    }

    fn password(text: &str) -> Password {
        Password::presented(&countersign_storage::Secret::new(text)).unwrap()
    }

    /// The vector of the argon2 reference implementation's own tests: `password`, `somesalt`, t=2, m=2^16, p=1.
    #[test]
    fn a_published_argon2id_hash_verifies() {
        let phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let hash = PasswordHash::parse(phc).unwrap();
        let memory = &mut memory();
        assert!(hash.matches(&password("password"), memory).unwrap());
        assert!(!hash.matches(&password("Password"), memory).unwrap());
        // What was computed in the memory before has no say.
        assert!(hash.matches(&password("password"), memory).unwrap());
        assert_eq!(hash.to_phc(), phc);
    }

    #[test]
    fn a_hash_is_read_back_as_it_was_written() {
        let made = PasswordHash::of(&password("green bottle hills"), [7; 16], CHEAP, &mut memory()).unwrap();
        let read = PasswordHash::parse(&made.to_phc()).unwrap();
        assert_eq!(read.scheme(), CHEAP);
        assert!(read.matches(&password("green bottle hills"), &mut memory()).unwrap());
    }

    #[test]
    fn a_damaged_hash_is_no_hash() {
        let good = PasswordHash::of(&password("green bottle hills"), [7; 16], CHEAP, &mut memory()).unwrap().to_phc();
        assert!(PasswordHash::parse(&good).is_ok());
        let short = good.rsplit_once('$').unwrap().0.to_owned() + "$AAAA";
        for damaged in [
            "".to_owned(),
            good.replace("argon2id", "argon2i"),
            good.replace("v=19", "v=16"),
            good.replace("m=64,t=1", "t=1,m=64"),
            good.replace("p=1", "p=1,x=1"),
            good.replace("t=1", "t=-1"),
            format!("{good}$"),
            format!("{good}="),
            format!("{good}{}", "A".repeat(4_096)),
            good.replace("t=1", "t=4294967296"),
            short,
        ] {
            let refused = PasswordHash::parse(&damaged).err();
            assert_eq!(refused, Some(Fault::Corrupt { kind: "password" }), "{damaged}");
        }
    }
    /// The dearest that is verified is 1 GiB four times over: some 2 s of one thread.
    #[test]
    fn a_hash_that_asks_for_absurd_work_is_refused_by_name() {
        let good = PasswordHash::of(&password("green bottle hills"), [7; 16], CHEAP, &mut memory()).unwrap().to_phc();
        let asking = |costs: &str| PasswordHash::parse(&good.replace("m=64,t=1,p=1", costs)).map(|hash| hash.scheme());
        for absurd in [
            "m=64,t=4294967295,p=1",
            "m=4294967295,t=1,p=1",
            "m=1048577,t=1,p=1",
            "m=1048576,t=5,p=1",
            "m=64,t=1001,p=1",
            "m=1048576,t=1,p=65",
            "m=1048576,t=1,p=16777215",
        ] {
            assert_eq!(asking(absurd), Err(TOO_COSTLY), "{absurd}");
        }
        for dear in ["m=1048576,t=4,p=4", "m=65536,t=3,p=4", "m=19456,t=2,p=1", "m=64,t=1000,p=1"] {
            assert!(asking(dear).is_ok(), "{dear}");
        }
    }
}
