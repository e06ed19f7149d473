//! Every kind of record that this crate stores: what was released is read for ever, and every kind ends or is bounded.

use countersign_storage::conformance::golden::{self, Golden};

use crate::second_click::FormOutcome;

#[test]
fn each_kind_of_record_reads_what_was_released_and_ends_or_is_bounded() {
    let rows = [Golden::of::<FormOutcome>()];
    let files = golden::check(env!("CARGO_MANIFEST_DIR"), &rows).unwrap_or_else(|seen| panic!("{seen}"));
    assert_eq!(files, 1);
}
