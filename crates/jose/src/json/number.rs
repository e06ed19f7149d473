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
    let Some((whole, fraction, exponent, rest)) = split(text) else { return Measured::Malformed };
    let length = text.len() - rest.len();
    let number = text.get(..length).unwrap_or_default();
    let exact = match (fraction, exponent) {
        ("", None) => whole.len() <= 18 || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok(),
        _ => survives_as_double(number, Decimal::new(whole, fraction, exponent.unwrap_or("0"))),
    };
    if exact { Measured::Exact(length) } else { Measured::Inexact }
}

/// Takes the number at the start of a text apart ([RFC 8259 §6]): whole part, fraction, exponent, and what follows it.
///
/// [RFC 8259 §6]: https://www.rfc-editor.org/rfc/rfc8259#section-6
fn split(text: &str) -> Option<(&str, &str, Option<&str>, &str)> {
    let (whole, rest) = split_digits(text.strip_prefix('-').unwrap_or(text));
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix('.').map(split_digits) {
        Some(("", _)) => return None,
        Some(parts) => parts,
        None => ("", rest),
    };
    let Some(signed) = rest.strip_prefix(['e', 'E']) else { return Some((whole, fraction, None, rest)) };
    let (digits, rest) = split_digits(signed.strip_prefix(['+', '-']).unwrap_or(signed));
    let exponent = signed.get(..signed.len() - rest.len())?;
    if digits.is_empty() { None } else { Some((whole, fraction, Some(exponent), rest)) }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Whether the number that is held is written as the number that was read: the writer gives the shortest decimal that reads
/// back as the double.
fn survives_as_double(text: &str, written: Option<Decimal>) -> bool {
    let held = text.parse().ok().and_then(serde_json::Number::from_f64).map(|number| number.to_string());
    let held = held.and_then(|text| match split(&text) {
        Some((whole, fraction, exponent, "")) => Decimal::new(whole, fraction, exponent.unwrap_or("0")),
        _ => None,
    });
    written.is_some() && held == written
}

/// `0.digits × 10^exponent`, without leading and trailing zeros; zero has no digits and exponent 0.
#[derive(PartialEq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn new(whole: &str, fraction: &str, exponent: &str) -> Option<Self> {
        let exponent: i32 = exponent.parse().ok()?;
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
