//! Numbers as exact decimals: `0.1 + 0.2`-style surprises have no place in a limit.
//!
//! Why it is own code: numbers are compared here and divided by a step, nothing more, and that for any number that JSON can
//! write, in time that goes by its length. The decimal crates of fixed size round or refuse such numbers, and those of any size
//! write `1e999999999` out in zeros before they compare it.

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

    /// The largest whole number that is not above it. `None` beyond 38 digits.
    pub(crate) fn floor(&self) -> Option<i128> {
        let whole = self.truncated()?;
        if self.sign == Sign::Negative && !self.is_integer() { whole.checked_sub(1) } else { Some(whole) }
    }

    /// The smallest whole number that is not below it. `None` beyond 38 digits.
    pub(crate) fn ceiling(&self) -> Option<i128> {
        let whole = self.truncated()?;
        if self.sign == Sign::Positive && !self.is_integer() { whole.checked_add(1) } else { Some(whole) }
    }

    /// Whether it is a whole number of times `step`. `None` where that is not reckoned: a step of zero, or of more digits than
    /// [`Decimal::STEP_DIGITS`].
    pub(crate) fn is_multiple_of(&self, step: &Decimal) -> Option<bool> {
        let every = step.significant()?;
        if self.digits.is_empty() {
            return Some(true);
        }
        let Ok(zeros) = u64::try_from(self.unit()?.checked_sub(step.unit()?)?) else {
            // Its last digit, which is not zero, stands behind the last one of any multiple.
            return Some(false);
        };
        let digit = |digit: char| u128::from(digit.to_digit(10).unwrap_or_default());
        let rest = self.digits.chars().fold(0, |rest, next| (rest * 10 + digit(next)) % every);
        Some((rest * power_of_ten(zeros, every)).is_multiple_of(every))
    }

    /// How many digits a step may have, zeros at its ends not counted.
    pub(crate) const STEP_DIGITS: usize = 18;

    /// The digits as a number that is not zero; `None` for zero, and beyond [`Decimal::STEP_DIGITS`].
    pub(crate) fn significant(&self) -> Option<u128> {
        let digits = Some(&self.digits).filter(|digits| (1..=Self::STEP_DIGITS).contains(&digits.len()));
        digits.and_then(|digits| digits.parse().ok())
    }

    /// The power of ten that its last digit counts.
    pub(crate) fn unit(&self) -> Option<i64> {
        self.exponent.checked_sub(i64::try_from(self.digits.len()).ok()?)
    }

    /// Counted in units of this power of ten.
    pub(crate) fn in_units_of(&self, power: i64) -> Option<Decimal> {
        let exponent = if self.digits.is_empty() { 0 } else { self.exponent.checked_sub(power)? };
        Some(Decimal { exponent, ..self.clone() })
    }

    /// Whether it is above zero.
    pub(crate) fn is_positive(&self) -> bool {
        self.sign == Sign::Positive && !self.digits.is_empty()
    }

    /// Without its fraction.
    fn truncated(&self) -> Option<i128> {
        let places = usize::try_from(self.exponent.max(0)).ok().filter(|places| *places <= 38)?;
        let digits: String = self.digits.chars().chain(std::iter::repeat('0')).take(places).collect();
        let magnitude: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        Some(if self.sign == Sign::Negative { -magnitude } else { magnitude })
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

/// 10 to this power, as far as it is not a multiple of `modulus`, which is below 10^19.
fn power_of_ten(power: u64, modulus: u128) -> u128 {
    let (mut result, mut square, mut left) = (1 % modulus, 10 % modulus, power);
    while left > 0 {
        if left % 2 == 1 {
            result = result * square % modulus;
        }
        square = square * square % modulus;
        left /= 2;
    }
    result
}

impl From<i128> for Decimal {
    fn from(whole: i128) -> Self {
        let (sign, magnitude) =
            (if whole < 0 { Sign::Negative } else { Sign::Positive }, whole.unsigned_abs().to_string());
        let digits = magnitude.trim_end_matches('0');
        // At most 39 digits.
        let exponent = if digits.is_empty() { 0 } else { i64::try_from(magnitude.len()).unwrap_or(i64::MAX) };
        Decimal { sign, exponent, digits: digits.to_owned() }
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
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn decimals_compare_by_value_in_both_directions_and_with_themselves() {
        let ascending = [
            "-1e21",
            "-1000.01",
            "-1e3",
            "-999.5",
            "-12",
            "-10",
            "-9",
            "-1.5",
            "-1",
            "-0.30",
            "-0.1",
            "-0.0000002",
            "-1e-7",
            "-1e-300",
            "0",
            "1e-300",
            "1e-7",
            "0.0000002",
            "0.1",
            "0.30",
            "1",
            "1.5",
            "9",
            "10",
            "12",
            "999.5",
            "1e3",
            "1000.01",
            "1e21",
        ];
        for (place, one) in ascending.iter().enumerate() {
            for (other_place, other) in ascending.iter().enumerate() {
                assert_eq!(decimal(one).cmp(&decimal(other)), place.cmp(&other_place), "{one} {other}");
                assert_eq!(decimal(one) == decimal(other), place == other_place, "{one} {other}");
            }
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        let pairs = [
            ("0.30", "0.3"),
            ("1e2", "100"),
            ("-0", "0.0"),
            ("1.0", "1"),
            ("12.5e-1", "1.25"),
            ("-0.5e1", "-5"),
            ("0e9", "-0e-9"),
        ];
        for (one, other) in pairs {
            assert_eq!(decimal(one), decimal(other), "{one} {other}");
            assert_eq!(decimal(one).cmp(&decimal(other)), Ordering::Equal, "{one} {other}");
        }
    }

    #[test]
    fn nothing_is_a_multiple_of_every_step() {
        for step in ["1", "1000", "0.001", "1e300", "1e-300"] {
            assert_eq!(decimal("0").is_multiple_of(&decimal(step)), Some(true), "{step}");
            assert_eq!(decimal(step).is_multiple_of(&decimal(step)), Some(true), "{step}");
            assert_eq!(decimal(step).is_multiple_of(&decimal("0")), None, "{step}");
        }
        for (number, step) in [("1", "1000"), ("1500", "1000"), ("0.0005", "0.001"), ("1e299", "1e300")] {
            assert_eq!(decimal(number).is_multiple_of(&decimal(step)), Some(false), "{number} {step}");
        }
    }

    #[test]
    fn floor_and_ceiling_are_the_nearest_whole_numbers() {
        let rows = [
            ("0", 0, 0),
            ("0.5", 0, 1),
            ("-0.5", -1, 0),
            ("1e-300", 0, 1),
            ("-1e-300", -1, 0),
            ("7", 7, 7),
            ("-7", -7, -7),
            ("7.001", 7, 8),
            ("-7.001", -8, -7),
            ("120", 120, 120),
            ("1e3", 1000, 1000),
            ("99.9", 99, 100),
        ];
        for (text, floor, ceiling) in rows {
            assert_eq!((decimal(text).floor(), decimal(text).ceiling()), (Some(floor), Some(ceiling)), "{text}");
            assert_eq!(Decimal::from(floor), decimal(&floor.to_string()));
        }
        assert_eq!((decimal("1e38").floor(), decimal("-1e400").ceiling()), (None, None));
    }

    #[test]
    fn multiples_are_exact_however_large_or_small() {
        let rows = [
            ("0", "7", true),
            ("-0.0", "0.1", true),
            ("0.3", "0.1", true),
            ("1.1", "0.1", true),
            ("-0.30", "0.1", true),
            ("0.35", "0.1", false),
            ("1e300", "0.01", true),
            ("1e300", "3", false),
            ("3e300", "3", true),
            ("1e9223372036854775000", "7", false),
            ("7e9223372036854775000", "7", true),
            ("1e-300", "1e-301", true),
            ("1e-301", "1e-300", false),
            ("4.50", "1.5", true),
            ("5", "1.5", false),
            ("15", "1e1", false),
            ("200", "1e2", true),
            ("9007199254740993", "2", false),
            ("123456789012345678901234567890", "10", true),
            ("123456789012345678901234567891", "10", false),
            ("999999999999999999000", "0.999999999999999999", true),
        ];
        for (number, step, expected) in rows {
            assert_eq!(decimal(number).is_multiple_of(&decimal(step)), Some(expected), "{number} {step}");
        }
        assert_eq!(decimal("1").is_multiple_of(&decimal("0")), None);
        assert_eq!(decimal("1").is_multiple_of(&decimal("1.000000000000000001")), None);
    }

    proptest! {
        /// Against the remainder of whole numbers, with the decimal points anywhere.
        #[test]
        fn multiples_are_those_of_whole_numbers(number in -3_000_i64..3_000, step in 1_i64..60, places in 0_u32..5, finer in 0_u32..3) {
            let (text, step_text) = (format!("{number}e-{places}"), format!("{step}e-{}", places + finer));
            let expected = (number * 10_i64.pow(finer)) % step == 0;
            prop_assert_eq!(decimal(&text).is_multiple_of(&decimal(&step_text)), Some(expected));
            let coarse = format!("{step}e{}", i64::from(finer) - i64::from(places));
            prop_assert_eq!(decimal(&text).is_multiple_of(&decimal(&coarse)), Some(number % (step * 10_i64.pow(finer)) == 0));
        }

        /// Against the arithmetic of whole numbers, with the decimal point anywhere.
        #[test]
        fn decimals_compare_as_their_numerators_do(one in -3_000_i64..3_000, other in -3_000_i64..3_000, places in 0_u32..8) {
            let text = |number: i64| format!("{number}e-{places}");
            prop_assert_eq!(decimal(&text(one)).cmp(&decimal(&text(other))), one.cmp(&other));
            let scale = 10_i64.pow(places);
            prop_assert_eq!(decimal(&text(one)).floor(), Some(i128::from(one.div_euclid(scale))));
            prop_assert_eq!(decimal(&text(one)).is_integer(), one % scale == 0);
        }
    }

    #[test]
    fn integers_are_told_by_value() {
        for (text, integer) in [("1", true), ("1.0", true), ("1e3", true), ("1.5", false), ("0", true), ("1e-1", false)]
        {
            assert_eq!(decimal(text).is_integer(), integer, "{text}");
        }
    }

    #[test]
    fn an_exponent_beyond_reckoning_is_refused() {
        assert_eq!(Decimal::parse("1e99999999999999999999"), None);
        assert_eq!(Decimal::parse("1e9223372036854775807"), None);
    }
}
