//! Numbers as exact decimals: `0.1 + 0.2`-style surprises have no place in a limit.

use std::cmp::Ordering;

use serde_json::Number;

/// A number by its decimal digits: `0.digits × 10^exponent`, without leading or trailing zeros; zero has no digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Decimal {
    sign: Sign,
    exponent: i64,
    digits: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sign {
    Negative,
    Positive,
}

impl Decimal {
    /// The number as it is written. `None` where its exponent does not fit 64 bits; the caller then refuses.
    pub(crate) fn of(number: &Number) -> Option<Self> {
        Self::parse(&number.to_string())
    }

    /// Whether it has no fraction.
    pub(crate) fn is_integer(&self) -> bool {
        self.digits.is_empty() || i64::try_from(self.digits.len()).is_ok_and(|digits| digits <= self.exponent)
    }

    fn parse(text: &str) -> Option<Self> {
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (Sign::Negative, rest),
            None => (Sign::Positive, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written = format!("{whole}{fraction}");
        if written.is_empty() || !written.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let significant = written.trim_start_matches('0');
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Decimal { sign: Sign::Positive, exponent: 0, digits });
        }
        let leading = i64::try_from(written.len() - significant.len()).ok()?;
        let exponent = exponent.checked_add(i64::try_from(whole.len()).ok()?)?.checked_sub(leading)?;
        Some(Decimal { sign, exponent, digits })
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Both are `0.d…` with a first digit that is not zero, so the exponent decides, then the digits as text.
            (false, false) => self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.sign, other.sign) {
            (Sign::Positive, Sign::Positive) => self.compare_magnitude(other),
            (Sign::Negative, Sign::Negative) => other.compare_magnitude(self),
            (Sign::Positive, Sign::Negative) => Ordering::Greater,
            (Sign::Negative, Sign::Positive) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_compare_by_value_and_not_by_spelling() {
        let ascending =
            ["-1e3", "-999.5", "-0.1", "0", "1e-7", "0.0000002", "0.1", "0.30", "1", "9", "10", "1000.01", "1e21"];
        let parsed: Vec<_> = ascending.iter().map(|text| Decimal::parse(text).unwrap()).collect();
        assert!(parsed.is_sorted_by(|a, b| a < b));
        for (one, other) in [("0.30", "0.3"), ("1e2", "100"), ("-0", "0.0"), ("1.0", "1"), ("12.5e-1", "1.25")] {
            assert_eq!(Decimal::parse(one), Decimal::parse(other), "{one} {other}");
        }
    }

    #[test]
    fn integers_are_told_by_value() {
        for (text, integer) in [("1", true), ("1.0", true), ("1e3", true), ("1.5", false), ("0", true), ("1e-1", false)]
        {
            assert_eq!(Decimal::parse(text).unwrap().is_integer(), integer, "{text}");
        }
    }

    #[test]
    fn an_exponent_beyond_reckoning_is_refused() {
        assert_eq!(Decimal::parse("1e99999999999999999999"), None);
        assert_eq!(Decimal::parse("1e9223372036854775807"), None);
    }
}
