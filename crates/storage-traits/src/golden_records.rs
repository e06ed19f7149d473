//! Every kind of record that this crate stores: what was released is read for ever, and every kind ends or is bounded.

use crate::accounts::{Account, AddressOwner};
use crate::audit::AuditRecord;
use crate::conformance::golden::{self, Golden};
use crate::horizon::Horizon;
use crate::key_ring_check::KeyRingCheck;

#[test]
fn each_kind_of_record_reads_what_was_released_and_ends_or_is_bounded() {
    let rows = [
        Golden::of::<Account>().bounded_by("one for each person"),
        Golden::of::<AddressOwner>().bounded_by("one for each person"),
        Golden::of::<AuditRecord>(),
        Golden::counter("audit_repeats"),
        Golden::of::<Horizon>().bounded_by("one for each store"),
        Golden::of::<KeyRingCheck>().bounded_by("one for each store"),
        Golden::counter("throttle"),
        Golden::counter("throttle_forgiven"),
    ];
    let files = golden::check(env!("CARGO_MANIFEST_DIR"), &rows).unwrap_or_else(|seen| panic!("{seen}"));
    assert!(files >= 3, "{files}");
}
