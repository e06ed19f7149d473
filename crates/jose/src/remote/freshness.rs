//! How long an answer may be used ([RFC 9111 §4.2]), and what paces the next request.
//!
//! This is a private cache of one document: `s-maxage`, `private` and `Vary` say nothing to it, and what must not be kept at
//! all (`no-store`, `no-cache`) is kept for the floor of the policy, since each token would cost a request otherwise.
//! `must-revalidate` does not stop a stale set from being used while the issuer cannot be reached.
//!
//! [RFC 9111 §4.2]: https://www.rfc-editor.org/rfc/rfc9111#section-4.2

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::fetch::Fetched;

/// How long fetched keys are used. Whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyCachePolicy {
    /// The shortest freshness, whatever the answer says; 60 seconds.
    pub floor: Duration,
    /// The freshness where the answer says nothing; 5 minutes.
    pub unstated: Duration,
    /// The longest freshness, whatever the answer says; 1 hour.
    pub ceiling: Duration,
    /// How long after its freshness a set is used while no newer one can be fetched; 1 hour.
    ///
    /// # Security
    /// A key that the issuer withdrew stays good for this long where its server can be kept from answering.
    pub stale_if_error: Duration,
    /// The least time between two fetches for keys that the set does not have; 10 seconds.
    ///
    /// # Security
    /// Anybody can name a key that does not exist. This bounds what that costs the issuer. A key that is used sooner than
    /// that after a fetch that did not find it is refused for as long: issuers publish keys before they use them.
    pub refetch_interval: Duration,
    /// The pause after the first failed fetch, doubled after each further one, up to a minute; 1 second.
    pub retry_pause: Duration,
}

impl Default for KeyCachePolicy {
    fn default() -> Self {
        KeyCachePolicy {
            floor: Duration::from_secs(60),
            unstated: Duration::from_secs(300),
            ceiling: Duration::from_secs(3600),
            stale_if_error: Duration::from_secs(3600),
            refetch_interval: Duration::from_secs(10),
            retry_pause: Duration::from_secs(1),
        }
    }
}

impl KeyCachePolicy {
    /// How long the answer is fresh, in seconds.
    pub(super) fn freshness(&self, answer: &Fetched, now: i64) -> i64 {
        let stated = stated(answer, now).unwrap_or_else(|| seconds(self.unstated));
        stated.min(seconds(self.ceiling)).max(seconds(self.floor))
    }

    /// The pause after so many failures in a row.
    pub(super) fn pause_after(&self, failures: u32, now: i64) -> Pause {
        Pause::new(now, self.retry_pause.saturating_mul(1 << failures.saturating_sub(1).min(6)).min(LONGEST_PAUSE))
    }
}

/// A time in which something is not done again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pause {
    from: i64,
    until: i64,
}

impl Pause {
    pub(super) fn new(now: i64, length: Duration) -> Self {
        Pause { from: now, until: now.saturating_add(seconds(length)) }
    }

    /// A clock that was set back does not lengthen the pause.
    pub(super) fn covers(self, now: i64) -> bool {
        not_before(self.from, now) && now < self.until
    }
}

/// Whether `now` lies after `then`, give or take what callers at the same time may differ by.
pub(super) fn not_before(then: i64, now: i64) -> bool {
    now >= then.saturating_sub(SLACK)
}

pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// What the answer itself says ([RFC 9111 §4.2.1]): `max-age`, else `Expires`, less `Age`; nothing where it is silent.
///
/// [RFC 9111 §4.2.1]: https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1
fn stated(answer: &Fetched, now: i64) -> Option<i64> {
    let mut max_age = None;
    for (name, argument) in directives(answer.cache_control.as_deref().unwrap_or_default()) {
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(0);
        }
        if name.eq_ignore_ascii_case("max-age") {
            // What cannot be read is stale, and of two the first counts.
            max_age.get_or_insert_with(|| delta_seconds(argument).unwrap_or(0));
        }
    }
    let lifetime = match (max_age, &answer.expires) {
        (Some(max_age), _) => max_age,
        (None, Some(expires)) => {
            let date = answer.date.as_deref().and_then(http_date).unwrap_or(now);
            http_date(expires).map_or(0, |expires| expires.saturating_sub(date))
        }
        (None, None) => return None,
    };
    let age = answer.age.as_deref().and_then(delta_seconds).unwrap_or(0);
    Some(lifetime.saturating_sub(age).max(0))
}

/// The members of a `Cache-Control` list; a comma within quotes parts nothing.
fn directives(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut quoted = false;
    let parts = list.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    parts.map(|part| {
        let (name, argument) = part.split_once('=').unwrap_or((part, ""));
        (name.trim_matches([' ', '\t']), argument.trim_matches([' ', '\t']))
    })
}

/// [RFC 9111 §1.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-1.2.2): digits; what is too large is the largest.
fn delta_seconds(text: &str) -> Option<i64> {
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(i64::MAX))
}

/// An `IMF-fixdate` ([RFC 9110 §5.6.7]), in seconds since the epoch. The obsolete forms, which no server has written for
/// decades, are unreadable, and what is unreadable has expired.
///
/// [RFC 9110 §5.6.7]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
fn http_date(text: &str) -> Option<i64> {
    // It is the date of a mail of one length and in one zone.
    let is_fixdate = text.len() == "Sun, 06 Nov 1994 08:49:37 GMT".len() && text.ends_with(" GMT");
    let date = OffsetDateTime::parse(text, &Rfc2822).ok().filter(|_| is_fixdate)?;
    Some(date.unix_timestamp())
}

/// However often fetching failed, it is tried again after this long.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// By how many seconds callers at the same time may differ.
const SLACK: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_one_form() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", Some(946_684_799)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun Nov  6 08:49:37 1994", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT ", None),
            ("Sun, 6 Nov 1994 08:49:37 GMT", None),
            ("Sun, +6 Nov 1994 08:49:37 GMT", None),
            ("0", None),
            ("", None),
        ] {
            assert_eq!(http_date(text), expected, "{text:?}");
        }
    }
}
