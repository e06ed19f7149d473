//! Forms and queries in `application/x-www-form-urlencoded` ([WHATWG URL §5.1]), read strictly.
//!
//! These are refused: a percent sign without two hexadecimal digits, what is not UTF-8, U+0000, too many parameters, too many
//! bytes. A lenient reader makes one value of two different ones, and then two readers of one request disagree.
//!
//! A parameter that comes twice is remembered as such and has no value: neither the first nor the last of two may win.
//!
//! [WHATWG URL §5.1]: https://url.spec.whatwg.org/#urlencoded-parsing

use std::collections::BTreeMap;
use std::fmt;

use http::HeaderMap;

use crate::media_type::{self, UnsupportedMediaType};

/// The parameters of one request.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Fields {
    values: BTreeMap<String, Vec<String>>,
}

/// The most that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// How many bytes are read, before decoding.
    pub bytes: usize,
    /// How many parameters are read.
    pub fields: usize,
}

impl Default for Bounds {
    /// 64 KiB and 100 parameters.
    fn default() -> Self {
        Bounds { bytes: 64 * 1024, fields: 100 }
    }
}

crate::refusals! {
    /// Why parameters cannot be read.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum FormError {
        /// Not in form encoding, not UTF-8, or with U+0000.
        Encoding => [
            BAD_REQUEST "form_encoding" "WHATWG URL §5.1" "the parameters are not in form encoding"
        ],
        /// More bytes or parameters than the bounds allow.
        TooLarge => [PAYLOAD_TOO_LARGE "form_too_large" "RFC 9110 §15.5.14" "too many parameters"],
        /// The body is not declared as a form in UTF-8.
        Unsupported(what: UnsupportedMediaType) => [
            UNSUPPORTED_MEDIA_TYPE "form_media_type" "RFC 9110 §15.5.16"
            "the content type must be application/x-www-form-urlencoded, in UTF-8"
        ],
    }
}

/// A parameter was sent more than once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a parameter was sent more than once")]
pub struct Repeated;

impl Fields {
    /// Reads form-encoded text: a query, or a body that is known to be a form.
    ///
    /// # Errors
    /// [`FormError::Encoding`], [`FormError::TooLarge`].
    pub fn parse(text: &[u8], bounds: Bounds) -> Result<Self, FormError> {
        if text.len() > bounds.bytes {
            return Err(FormError::TooLarge);
        }
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (count, pair) in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).enumerate() {
            if count >= bounds.fields {
                return Err(FormError::TooLarge);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            values.entry(name).or_default().push(value);
        }
        Ok(Fields { values })
    }

    /// Reads a query, if there is one.
    ///
    /// # Errors
    /// As [`Fields::parse`].
    pub fn of_query(query: Option<&str>, bounds: Bounds) -> Result<Self, FormError> {
        Fields::parse(query.unwrap_or_default().as_bytes(), bounds)
    }

    /// Reads a body, which must say that it is a form ([`media_type::expect`]). The query has no say.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn of_body(headers: &HeaderMap, body: &[u8], bounds: Bounds) -> Result<Self, FormError> {
        media_type::expect(headers, media_type::FORM).map_err(FormError::Unsupported)?;
        Fields::parse(body, bounds)
    }

    /// The value of a parameter that may come once.
    ///
    /// # Errors
    /// [`Repeated`].
    pub fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        match self.all(name) {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Repeated),
        }
    }

    /// All values of a parameter that may come several times.
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// Takes all values of a parameter out.
    pub fn take(&mut self, name: &str) -> Vec<String> {
        self.values.remove(name).unwrap_or_default()
    }

    /// Every parameter with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.values.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// The parameters that `keeps` accepts, by name and value.
    #[must_use]
    pub fn filtered(mut self, keeps: impl Fn(&str, &str) -> bool) -> Self {
        self.values.retain(|name, values| {
            values.retain(|value| keeps(name, value));
            !values.is_empty()
        });
        self
    }

    /// Refuses when anything but the parameters in `but` came more than once, whether somebody asks for it or not.
    ///
    /// # Errors
    /// [`Repeated`].
    pub fn refuse_repeated(&self, but: &[&str]) -> Result<(), Repeated> {
        let repeated = |(name, values): (&str, &[String])| values.len() > 1 && !but.contains(&name);
        if self.iter().any(repeated) { Err(Repeated) } else { Ok(()) }
    }
}

impl fmt::Debug for Fields {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Undoes the encoding of one name or value.
///
/// # Errors
/// [`FormError::Encoding`].
pub fn decode(text: &[u8]) -> Result<String, FormError> {
    let digit = |byte: Option<u8>| {
        byte.and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(FormError::Encoding),
            },
            byte => byte,
        });
    }
    let decoded = String::from_utf8(decoded).map_err(|_| FormError::Encoding)?;
    if decoded.contains('\0') { Err(FormError::Encoding) } else { Ok(decoded) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &[u8]) -> Result<Fields, FormError> {
        Fields::parse(text, Bounds::default())
    }

    #[test]
    fn a_repeated_parameter_has_no_value() {
        let fields = parse(b"a=1&b=2&a=3&c=&resource=x&resource=y&&d").unwrap();
        assert_eq!(fields.one("a"), Err(Repeated));
        assert_eq!(fields.one("b"), Ok(Some("2")));
        assert_eq!((fields.one("c"), fields.one("d"), fields.one("e")), (Ok(Some("")), Ok(Some("")), Ok(None)));
        assert_eq!(fields.all("resource"), ["x", "y"]);
        assert_eq!(fields.refuse_repeated(&["resource"]), Err(Repeated));
        assert_eq!(fields.refuse_repeated(&["resource", "a"]), Ok(()));
        assert_eq!(parse(b"%61=1&a=2").unwrap().one("a"), Err(Repeated));
    }

    #[test]
    fn encoding_is_strict() {
        assert_eq!(parse(b"a=%C3%A4+b%2b").unwrap().one("a"), Ok(Some("ä b+")));
        // The replacement character is a character like others. Only a reader that makes it has to doubt it.
        assert_eq!(parse("a=%EF%BF%BD".as_bytes()).unwrap().one("a"), Ok(Some("\u{FFFD}")));
        for bad in
            [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%+1", b"a=%FF", b"a=%C3", b"a=%ED%A0%80", b"a=%00", b"\xff=1", b"a\0"]
        {
            assert_eq!(parse(bad).unwrap_err(), FormError::Encoding, "{bad:?}");
        }
    }

    proptest! {
        /// What is read is what everybody reads ([WHATWG URL §5.1](https://url.spec.whatwg.org/#urlencoded-parsing)).
        #[test]
        fn what_is_read_strictly_is_read_the_same_elsewhere(text in "[a-c=&+%0-9A-Fé]{0,24}") {
            let Ok(fields) = parse(text.as_bytes()) else { return Ok(()) };
            let mut other: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
                other.entry(name.into_owned()).or_default().push(value.into_owned());
            }
            prop_assert_eq!(fields.values, other);
        }
    }

    #[test]
    fn number_and_size_are_bounded() {
        let bounds = Bounds { bytes: 20, fields: 3 };
        assert!(Fields::parse(b"a=1&b=2&c=3", bounds).is_ok());
        assert_eq!(Fields::parse(b"a=1&b=2&c=3&d=4", bounds), Err(FormError::TooLarge));
        assert_eq!(Fields::parse(b"a=1234567890123456789", bounds), Err(FormError::TooLarge));
    }

    #[test]
    fn a_form_says_that_it_is_one() {
        let form = |content_type: &str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap())]);
            Fields::of_body(&headers, b"a=1", Bounds::default()).map_err(|error| error.status()).map(drop)
        };
        assert_eq!(form(media_type::FORM), Ok(()));
        for other in ["application/json", "application/x-www-form-urlencoded; charset=iso-8859-1"] {
            assert_eq!(form(other), Err(http::StatusCode::UNSUPPORTED_MEDIA_TYPE), "{other}");
        }
    }

    #[test]
    fn values_are_not_shown_by_debug() {
        assert_eq!(format!("{:?}", parse(b"password=hunter2").unwrap()), r#"{"password"}"#);
    }
}
