//! Times as people read and write them.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Reads seconds since the epoch, or a date as in RFC 3339.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(date) => Ok(date.unix_timestamp()),
        Err(_) => Err("expected seconds since 1970 or a date like 2026-11-22T09:30:00Z".to_owned()),
    }
}

/// Reads a length of time: seconds, or a number with `s`, `m`, `h` or `d`.
pub(crate) fn parse_duration(text: &str) -> Result<i64, String> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, unit @ ('s' | 'm' | 'h' | 'd'))) => (text.get(..at).unwrap_or_default(), unit),
        _ => (text, 's'),
    };
    let seconds = match unit {
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => 1,
    };
    let parsed = number.parse::<u32>().ok().and_then(|number| i64::from(number).checked_mul(seconds));
    parsed.ok_or_else(|| "expected a length of time like 300, 5m, 2h or 7d".to_owned())
}

/// A date in UTC, to the second.
pub(crate) fn utc(seconds: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(date) => {
            let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
            let (hour, minute, second) = date.to_hms();
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
        }
        Err(_) => "beyond the year 9999".to_owned(),
    }
}

/// How far from now: `in 4 min 59 s`, `2 d 3 h ago`.
pub(crate) fn relative(seconds: i64, now: i64) -> String {
    let distance = seconds.saturating_sub(now);
    match distance {
        0 => "now".to_owned(),
        1.. => format!("in {}", duration(distance)),
        _ => format!("{} ago", duration(distance.saturating_neg())),
    }
}

/// A length of time in its two largest units.
pub(crate) fn duration(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let (mut rest, mut parts) = (seconds, Vec::new());
    for (length, name) in units {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{} {name}", rest / length));
        }
        rest %= length;
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(parse("1700000000"), Ok(1_700_000_000));
        assert_eq!(parse("2023-11-14T22:13:20Z"), Ok(1_700_000_000));
        assert_eq!(parse("2023-11-15T00:13:20+02:00"), Ok(1_700_000_000));
        assert!(parse("yesterday").is_err());
        assert_eq!(utc(1_700_000_000), "2023-11-14 22:13:20 UTC");
        assert_eq!(utc(1 << 53), "beyond the year 9999");
        for (text, seconds) in [("300", 300), ("300s", 300), ("5m", 300), ("2h", 7_200), ("7d", 604_800)] {
            assert_eq!(parse_duration(text), Ok(seconds), "{text}");
        }
        for text in ["", "m", "-5", "5 m", "5w", "99999999999d", "é"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        for (at, text) in
            [(0, "now"), (299, "in 4 min 59 s"), (-90_061, "1 d 1 h ago"), (i64::MIN, "106751991167300 d 15 h ago")]
        {
            assert_eq!(relative(at, 0), text);
        }
    }
}
