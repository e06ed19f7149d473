//! The memory that password hashes are computed in ([RFC 9106 §3.1]).
//!
//! Each hashing thread keeps its own and fills it over and over. If each hash asked the allocator for 19 MiB and gave them
//! back, the allocator would keep several such pieces for each thread, and the process would never shrink again.
//!
//! [RFC 9106 §3.1]: https://www.rfc-editor.org/rfc/rfc9106#section-3.1

use argon2::Block;
use countersign_storage::Fault;
use zeroize::Zeroize;

/// The memory of one hashing thread. It is taken with the first hash.
pub(crate) struct HashingMemory {
    blocks: Vec<Block>,
    /// How many blocks stay: one KiB each.
    kept: usize,
}

impl HashingMemory {
    /// Keeps what a hash with `memory_kib` takes. What a dearer one takes beyond that is given back after it.
    pub(crate) fn new(memory_kib: u32) -> Self {
        HashingMemory { blocks: Vec::new(), kept: usize::try_from(memory_kib).unwrap_or(usize::MAX) }
    }

    /// Lends `count` blocks. Afterwards nothing of what was computed in them is left.
    ///
    /// # Errors
    /// [`Fault::Internal`]: the system has no such memory.
    pub(crate) fn lend<T>(&mut self, count: usize, compute: impl FnOnce(&mut [Block]) -> T) -> Result<T, Fault> {
        let missing = count.saturating_sub(self.blocks.len());
        self.blocks.try_reserve_exact(missing).map_err(|_| EXHAUSTED)?;
        self.blocks.resize(self.blocks.len() + missing, Block::new());
        let lent = self.blocks.get_mut(..count).unwrap_or_default();
        let computed = compute(lent);
        lent.iter_mut().for_each(Zeroize::zeroize);
        self.blocks.truncate(self.kept);
        self.blocks.shrink_to(self.kept);
        Ok(computed)
    }
}

/// After a panic something may be left.
impl Drop for HashingMemory {
    fn drop(&mut self) {
        self.blocks.zeroize();
    }
}

const EXHAUSTED: Fault = Fault::Internal("there is no memory to hash a password in");

#[cfg(test)]
mod tests {
    use super::*;

    /// Where it lies, how many blocks it holds, and whether all of them are blank.
    fn held(memory: &HashingMemory) -> (*const Block, usize, bool) {
        let blank = memory.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0));
        (memory.blocks.as_ptr(), memory.blocks.capacity(), blank)
    }

    fn scribble(memory: &mut HashingMemory, count: usize) {
        memory
            .lend(count, |blocks| {
                assert_eq!(blocks.len(), count);
                blocks.iter_mut().for_each(|block| block.as_mut().fill(7));
            })
            .unwrap();
    }

    #[test]
    fn every_hash_of_a_thread_is_computed_in_the_same_memory() {
        let mut memory = HashingMemory::new(64);
        assert_eq!(memory.blocks.capacity(), 0);
        scribble(&mut memory, 64);
        let first = held(&memory);
        assert_eq!((first.1, first.2), (64, true));
        for count in [64, 8, 64, 16] {
            scribble(&mut memory, count);
            assert_eq!(held(&memory), first);
        }
    }

    #[test]
    fn what_a_dearer_hash_takes_is_given_back() {
        let mut memory = HashingMemory::new(64);
        scribble(&mut memory, 4_096);
        assert_eq!((memory.blocks.capacity(), held(&memory).2), (64, true));
    }

    #[test]
    fn memory_that_there_is_not_is_our_fault_and_no_abort() {
        let mut memory = HashingMemory::new(64);
        assert_eq!(memory.lend(usize::MAX / 2, |_| ()), Err(EXHAUSTED));
        scribble(&mut memory, 64);
    }
}
