//! Numbers that a 64-bit integer or double can give back as they were written.

/// What stands at the start of a text that begins like a number.
pub(super) enum Measured {
    /// A number of this many bytes whose decimal value survives.
    Exact(usize),
    /// A number that would change its value.
    Inexact,
    /// Not a number.
    Malformed,
}

/// An integer must fit `i64` or `u64`. A number with a fraction or an exponent must be the decimal value that is read
/// back from the nearest double: `0.1` is, `0.1000000000000000055` is not.
pub(super) fn measure(text: &str) -> Measured {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = split_digits(unsigned);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return Measured::Malformed;
    }
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => match split_digits(rest) {
            ("", _) => return Measured::Malformed,
            (fraction, rest) => (fraction, rest),
        },
        None => ("", rest),
    };
    let (exponent, rest) = match rest.strip_prefix(['e', 'E']) {
        Some(rest) => {
            let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
            let (written, after) = split_digits(digits);
            if written.is_empty() {
                return Measured::Malformed;
            }
            (rest.get(..rest.len() - after.len()), after)
        }
        None => (None, rest),
    };
    let length = text.len() - rest.len();
    let number = text.get(..length).unwrap_or_default();
    let exact = match (fraction, exponent) {
        ("", None) => whole.len() <= 18 || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok(),
        _ => survives_as_double(number, whole, fraction, exponent.unwrap_or("0")),
    };
    if exact { Measured::Exact(length) } else { Measured::Inexact }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn survives_as_double(number: &str, whole: &str, fraction: &str, exponent: &str) -> bool {
    let Some(written) = exponent.parse().ok().and_then(|exponent| Decimal::new(whole, fraction, exponent)) else {
        return false;
    };
    let Ok(double) = number.parse::<f64>() else { return false };
    if !double.is_finite() {
        return false;
    }
    // `{:e}` writes the shortest decimal that reads back as this double, as `d.ddde±x`.
    let shortest = format!("{:e}", double.abs());
    let Some((digits, exponent)) = shortest.split_once('e') else { return false };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let Ok(exponent) = exponent.parse() else { return false };
    Decimal::new(whole, fraction, exponent).is_some_and(|held| held == written)
}

/// `0.digits × 10^exponent`, without leading and trailing zeros; zero has no digits and exponent 0.
#[derive(PartialEq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn new(whole: &str, fraction: &str, exponent: i32) -> Option<Self> {
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let leading = i64::try_from(all.len() - significant.len()).ok()?;
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Decimal { digits, exponent: 0 });
        }
        let exponent = i64::from(exponent) + i64::try_from(whole.len()).ok()? - leading;
        Some(Decimal { digits, exponent })
    }
}
