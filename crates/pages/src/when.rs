//! A moment in words, beside its exact form.

use countersign_storage::Timestamp;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment as a page shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct When {
    /// For the `datetime` attribute: [RFC 3339], in UTC.
    ///
    /// [RFC 3339]: https://www.rfc-editor.org/rfc/rfc3339
    pub iso: String,
    /// For people: how long ago, or in how long, and the date where that is more than a week.
    pub words: String,
    /// For people who compare it with other records: the date and the time of the day, in UTC.
    pub clock: String,
}

impl When {
    /// `at`, as seen at `now`.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        let (iso, clock) = (rfc3339(at), clock(at));
        let away = at.as_secs().abs_diff(now.as_secs());
        let (count, unit) = match away {
            0..MINUTE => (0, ""),
            MINUTE..HOUR => (away / MINUTE, "minute"),
            HOUR..DAY => (away / HOUR, "hour"),
            DAY..WEEK => (away / DAY, "day"),
            _ => return When { words: date(at), iso, clock },
        };
        let plural = if count == 1 { "" } else { "s" };
        let words = match (count, at > now) {
            (0, false) => "just now".to_owned(),
            (0, true) => "in less than a minute".to_owned(),
            (count, false) => format!("{count} {unit}{plural} ago"),
            (count, true) => format!("in {count} {unit}{plural}"),
        };
        When { iso, words, clock }
    }

    /// By its distance.
    pub(crate) fn away(&self) -> &str {
        &self.words
    }

    /// By the clock.
    pub(crate) fn by_clock(&self) -> &str {
        &self.clock
    }
}

/// [RFC 3339], in UTC; the epoch where the moment cannot be written.
///
/// [RFC 3339]: https://www.rfc-editor.org/rfc/rfc3339
pub(crate) fn rfc3339(at: Timestamp) -> String {
    calendar(at).format(&Rfc3339).unwrap_or_default()
}

fn date(at: Timestamp) -> String {
    let at = calendar(at);
    let month = at.month().to_string();
    format!("{} {} {}", at.day(), month.get(..3).unwrap_or(&month), at.year())
}

fn clock(at: Timestamp) -> String {
    let time = calendar(at);
    format!("{}, {:02}:{:02} UTC", date(at), time.hour(), time.minute())
}

fn calendar(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_secs()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

#[cfg(test)]
mod tests {
    use super::When;
    use countersign_storage::Timestamp;

    #[test]
    fn a_moment_is_told_by_its_distance_and_later_by_its_date() {
        let now = 1_795_330_800;
        for (at, words) in [
            (now, "just now"),
            (now - 59, "just now"),
            (now - 60, "1 minute ago"),
            (now - 7_200, "2 hours ago"),
            (now - 90_000, "1 day ago"),
            (now + 30, "in less than a minute"),
            (now + 600, "in 10 minutes"),
            (now - 30 * 86_400, "23 Oct 2026"),
        ] {
            assert_eq!(When::new(Timestamp(at), Timestamp(now)).words, words);
        }
        let epoch = When::new(Timestamp(0), Timestamp(now));
        assert_eq!((epoch.iso.as_str(), epoch.clock.as_str()), ("1970-01-01T00:00:00Z", "1 Jan 1970, 00:00 UTC"));
        assert_eq!(When::new(Timestamp(now), Timestamp(now)).clock, "22 Nov 2026, 07:00 UTC");
    }
}
