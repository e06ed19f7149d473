//! How often what leaves a record may be done for one person at one client.
//!
//! What strangers send leaves nothing here: each record of the issuer is made for a person who is signed in, or for a token of
//! ours that was shown. So it is counted for whom the record is about, the person at the client (the client itself where it acts
//! for itself), and nobody can use up the share of somebody else, by naming a client or from behind one address. It is counted
//! in the commit that it leads to anyway. What ends authority for good is not counted: a token family has one end.

use countersign_storage::{Counter, Handle, Kind, Limit, Timestamp};

use crate::policy::Policy;

/// For whom something is counted.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    /// The person; the client where it acts for itself. Empty where nobody is signed in.
    pub(crate) subject: &'a str,
    pub(crate) client_id: &'a str,
}

/// Of codes that are given without asking the person: [`Policy::answers`]. Any page that the person looks at can use them up, so
/// what comes beyond them is asked and not refused.
pub(crate) fn of_codes(pair: Pair<'_>, policy: &Policy, now: Timestamp) -> Counter {
    within(Kind::new("issuer_codes"), pair, policy.answers, now)
}

/// Of answers that the person gives: [`Policy::answers`]. Counted apart, or a client that sends the browser here again and again
/// could keep the person from saying no.
pub(crate) fn of_answers(pair: Pair<'_>, policy: &Policy, now: Timestamp) -> Counter {
    within(Kind::new("issuer_answers"), pair, policy.answers, now)
}

/// Of revoking access tokens one by one: [`Policy::revocations`].
pub(crate) fn of_revocations(pair: Pair<'_>, policy: &Policy, now: Timestamp) -> Counter {
    within(Kind::new("issuer_revocations"), pair, policy.revocations, now)
}

fn within(kind: Kind, Pair { subject, client_id }: Pair<'_>, limit: Limit, now: Timestamp) -> Counter {
    limit.counter(kind, Handle::of(&format!("{subject}\n{client_id}")).as_str(), now)
}
