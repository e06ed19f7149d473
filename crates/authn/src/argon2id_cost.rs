//! What one argon2id hash costs ([OWASP Password Storage]).
//!
//! [OWASP Password Storage]: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html

/// What one argon2id hash costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argon2idCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Argon2idCost {
    /// The least that is accepted, and the default: 19 MiB, 2 passes, 1 lane, as [OWASP Password Storage] advises.
    ///
    /// [OWASP Password Storage]: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    pub const FLOOR: Argon2idCost = Argon2idCost { memory_kib: 19_456, passes: 2, lanes: 1 };

    /// Whether this is spent on one password at all: at most 1 GiB, 1,000 passes, 64 lanes, and 4 GiB passed over together.
    /// A stored hash that asks for more would stop a hashing thread for minutes, or for good.
    pub(crate) fn within_bounds(self) -> bool {
        const GIB_IN_KIB: u64 = 1_024 * 1_024;
        let (memory, passes) = (u64::from(self.memory_kib), u64::from(self.passes));
        memory <= GIB_IN_KIB && passes <= 1_000 && self.lanes <= 64 && memory * passes <= 4 * GIB_IN_KIB
    }
}
