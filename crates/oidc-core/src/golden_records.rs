//! Every kind of record that this crate stores: what was released is read for ever, and every kind ends or is bounded.

use countersign_storage::conformance::golden::{self, Golden};

use crate::client::Client;
use crate::records::{
    AnsweredInteraction, AuthorizationCode, Grant, LivingFamilies, RevokedFamily, RevokedToken, TokenFamily,
};
use crate::signing_keys::key_set::KeySet;

#[test]
fn each_kind_of_record_reads_what_was_released_and_ends_or_is_bounded() {
    let rows = [
        Golden::of::<AnsweredInteraction>(),
        Golden::of::<AuthorizationCode>(),
        Golden::of::<Client>().bounded_by("the operator registers them"),
        Golden::of::<Grant>(),
        Golden::counter("issuer_answers"),
        Golden::counter("issuer_codes"),
        Golden::counter("issuer_revocations"),
        Golden::of::<KeySet>().bounded_by("one for each issuer"),
        Golden::of::<LivingFamilies>(),
        Golden::of::<RevokedFamily>(),
        Golden::of::<RevokedToken>(),
        Golden::of::<TokenFamily>(),
    ];
    let files = golden::check(env!("CARGO_MANIFEST_DIR"), &rows).unwrap_or_else(|seen| panic!("{seen}"));
    assert!(files >= 9, "{files}");
}
