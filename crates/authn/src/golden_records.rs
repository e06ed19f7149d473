//! Every kind of record that this crate stores: what was released is read for ever, and every kind ends or is bounded.

use countersign_storage::conformance::golden::{self, Golden};

use crate::credential::Credential;
use crate::session::SessionRecord;
use crate::session_epoch::SessionEpoch;
use crate::session_turn::SessionTurn;

#[test]
fn each_kind_of_record_reads_what_was_released_and_ends_or_is_bounded() {
    let rows = [
        Golden::of::<Credential>().bounded_by("one for each person"),
        Golden::of::<SessionEpoch>().bounded_by("one for each person"),
        Golden::of::<SessionRecord>(),
        Golden::of::<SessionTurn>(),
    ];
    let files = golden::check(env!("CARGO_MANIFEST_DIR"), &rows).unwrap_or_else(|seen| panic!("{seen}"));
    assert!(files >= 4, "{files}");
}
