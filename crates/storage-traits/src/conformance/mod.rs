//! The conformance kit: the laws that every [`Store`] must keep, as code to run against one.
//!
//! A back end is right when
//! - [`check`] finds no broken law (one process, one after the other and many at once),
//! - [`handles`] finds that two handles to one database are one, and that another database is another,
//! - [`race`] finds exactly one winner among many processes,
//! - [`crash`] finds everything that was acknowledged, and nothing half, after a process was killed,
//! - [`builds`] shows that two builds of the software can serve one store while an update is under way,
//! - [`outcome`] shows that a commit whose acknowledgement was lost is neither done twice nor believed lost.
//!
//! For crates that store records, [`golden`] checks that each kind still reads what released versions wrote, and ends.
//!
//! The kit brings no runtime: laws are plain futures. A store that needs one is checked on it; [`executor::block_on`]
//! serves the others.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::store::Store;

#[macro_use]
mod verdict;
pub mod builds;
mod commit;
mod content;
mod counter;
pub mod crash;
pub mod executor;
mod fixture;
pub mod golden;
pub mod handles;
mod listing;
pub mod outcome;
pub mod process;
mod purge;
pub mod race;
pub mod rate;
pub mod sample;
mod together;
mod versions;
mod worker;

use fixture::Fixture;
use verdict::Verdict;
pub use verdict::Violation;

/// One law, by the sentence that it is.
#[derive(Clone, Copy)]
pub struct Law {
    /// The law, in snake case.
    pub name: &'static str,
    check: for<'a> fn(&'a Fixture) -> Checking<'a>,
}

type Checking<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

impl Law {
    /// Runs the law against a store, which may hold other records already.
    ///
    /// # Errors
    /// What was seen instead.
    pub async fn check(&self, store: Arc<dyn Store>) -> Result<(), Violation> {
        (self.check)(&Fixture::new(store)).await
    }
}

impl fmt::Debug for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The laws that a store broke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenLaws(pub Vec<(&'static str, Violation)>);

impl fmt::Display for BrokenLaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} laws of the store are broken:", self.0.len())?;
        self.0.iter().try_for_each(|(law, violation)| writeln!(f, "- {law}: {violation}"))
    }
}

impl std::error::Error for BrokenLaws {}

/// Runs every law against a store, and says how many there are.
///
/// The store may hold other records, but nobody else may use it meanwhile: the laws of purging delete whatever expired
/// before the year 2000.
///
/// # Errors
/// All that are broken, not only the first.
pub async fn check(store: Arc<dyn Store>) -> Result<usize, BrokenLaws> {
    let mut broken = Vec::new();
    for law in laws() {
        if let Err(violation) = law.check(store.clone()).await {
            broken.push((law.name, violation));
        }
    }
    if broken.is_empty() { Ok(laws().len()) } else { Err(BrokenLaws(broken)) }
}

macro_rules! laws {
    ($($file:ident::$law:ident),+ $(,)?) => {
        &[$(Law { name: stringify!($law), check: |fixture| Box::pin($file::$law(fixture)) }),+]
    };
}

/// All laws.
pub fn laws() -> &'static [Law] {
    laws![
        commit::what_is_inserted_is_read_back,
        commit::load_answers_in_the_order_of_its_keys,
        commit::an_insert_of_a_present_key_conflicts,
        commit::a_replace_needs_the_version_that_was_read,
        commit::a_delete_needs_the_version_that_was_read,
        commit::a_record_that_went_and_came_back_is_another_one,
        commit::a_guard_holds_only_at_its_version,
        commit::a_guard_on_absence_holds_only_while_nothing_is_there,
        commit::a_batch_without_changes_still_checks_its_guards,
        commit::a_batch_applies_all_its_changes,
        commit::one_bad_change_undoes_the_batch,
        commit::the_same_id_in_two_kinds_is_two_records,
        commit::a_batch_may_be_large,
        counter::a_counter_begins_at_zero_and_adds,
        counter::a_counter_stops_at_its_ceiling,
        counter::a_full_counter_undoes_the_batch_and_is_named,
        counter::a_counter_does_not_overflow,
        counter::a_counter_keeps_the_later_expiry,
        listing::find_lists_by_id_in_byte_order,
        listing::pages_join_to_the_whole,
        listing::a_cursor_goes_on_in_the_order_of_its_page_and_leads_back_in_the_other,
        listing::a_cursor_may_be_any_text,
        listing::a_page_has_one_to_a_thousand_entries,
        listing::paging_goes_on_after_its_place_was_deleted,
        listing::find_tells_kinds_names_and_values_apart,
        listing::found_entries_are_whole,
        listing::a_replace_moves_the_index_entries,
        listing::a_delete_takes_its_index_entries_along,
        listing::a_failed_batch_leaves_the_index_alone,
        listing::an_index_named_twice_counts_once,
        content::ids_and_values_are_kept_to_the_byte,
        content::ids_that_look_alike_are_apart,
        content::an_id_with_a_nul_is_kept_or_refused,
        content::a_name_that_was_never_stored_is_absent_and_no_error,
        content::bodies_keep_their_meaning,
        content::bodies_may_be_large,
        purge::purge_takes_what_expired_before,
        purge::purge_keeps_to_its_limit,
        purge::purge_takes_index_entries_along,
        purge::what_expired_is_there_until_it_is_purged,
        purge::a_purged_key_is_free_again,
        together::of_many_inserts_at_once_one_wins,
        together::of_many_replaces_at_once_one_wins,
        together::of_a_guard_and_a_change_at_once_one_wins,
        together::adds_at_once_never_pass_the_ceiling,
        together::different_records_at_once_all_commit,
        together::pages_tell_each_record_once_while_others_write,
        together::what_was_acknowledged_is_read_by_everybody,
        outcome::a_lost_acknowledgement_is_found_out,
        versions::what_two_versions_write_in_turns_loses_nothing,
    ]
}
