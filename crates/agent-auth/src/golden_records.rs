//! Every kind of record that this crate stores: what was released is read for ever, and every kind ends or is bounded.

use countersign_storage::conformance::golden::{self, Golden};

use crate::agent::{Agent, AgentKeyAlias};
use crate::approved_schema::ApprovedSchema;
use crate::host::{Host, HostAlias};
use crate::person::Person;
use crate::polls::Polls;
use crate::replay::ReplayMark;
use crate::unfinished::UnfinishedCall;
use crate::user_code::UserCodeEntry;
use crate::withdrawal::Withdrawal;

#[test]
fn each_kind_of_record_reads_what_was_released_and_ends_or_is_bounded() {
    let rows = [
        Golden::of::<Agent>(),
        Golden::of::<ApprovedSchema>(),
        Golden::counter("agent_calls"),
        Golden::of::<AgentKeyAlias>(),
        Golden::counter("agent_registrations"),
        Golden::of::<Host>(),
        Golden::of::<HostAlias>(),
        Golden::of::<Person>().bounded_by("one for each person"),
        Golden::of::<Polls>(),
        Golden::of::<ReplayMark>(),
        Golden::of::<UnfinishedCall>(),
        Golden::of::<UserCodeEntry>(),
        Golden::of::<Withdrawal>(),
    ];
    let files = golden::check(env!("CARGO_MANIFEST_DIR"), &rows).unwrap_or_else(|seen| panic!("{seen}"));
    assert!(files >= 10, "{files}");
}
