//! Request parameters in `application/x-www-form-urlencoded` ([RFC 6749 §3.1], [RFC 6749 §3.2], [WHATWG URL §5]).
//!
//! Refused: percent signs without two hexadecimal digits, bytes that are not UTF-8, control characters, more than 100
//! parameters or 64 kB. A parameter that comes twice is remembered as such and has no value: neither the first nor the
//! last of two may win.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, header};

/// The parameters of one request.
#[derive(Clone, Default)]
pub struct Params {
    values: BTreeMap<String, Vec<String>>,
}

/// Why parameters can not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// The body is not declared as a form.
    #[error("the content type must be application/x-www-form-urlencoded")]
    ContentType,
    /// Not in form encoding, not UTF-8, or with control characters.
    #[error("the parameters are not in form encoding")]
    Encoding,
    /// Too long, or too many.
    #[error("too many parameters")]
    TooLarge,
}

/// A parameter was sent more than once ([RFC 6749 §3.1]).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a parameter was sent more than once")]
pub struct Repeated;

const LONGEST: usize = 64 * 1024;
const MOST: usize = 100;

impl Params {
    /// Reads form-encoded text: a query, or a body. A parameter without a value counts as omitted ([RFC 6749 §3.1]).
    ///
    /// # Errors
    /// [`ParamsError`].
    pub fn parse(text: &[u8]) -> Result<Self, ParamsError> {
        if text.len() > LONGEST {
            return Err(ParamsError::TooLarge);
        }
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (count, pair) in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).enumerate() {
            if count >= MOST {
                return Err(ParamsError::TooLarge);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = form_decode(halves.next().unwrap_or_default())?;
            let value = form_decode(halves.next().unwrap_or_default())?;
            if !value.is_empty() {
                values.entry(name).or_default().push(value);
            }
        }
        Ok(Params { values })
    }

    /// The parameters of the query.
    ///
    /// # Errors
    /// [`ParamsError`].
    pub fn of_query(request: &Request<Bytes>) -> Result<Self, ParamsError> {
        Params::parse(request.uri().query().unwrap_or_default().as_bytes())
    }

    /// The parameters of the body, which must say that it is a form. The query has no say.
    ///
    /// # Errors
    /// [`ParamsError`].
    pub fn of_form(request: &Request<Bytes>) -> Result<Self, ParamsError> {
        let mut types = request.headers().get_all(header::CONTENT_TYPE).iter();
        let (Some(content_type), None) = (types.next(), types.next()) else { return Err(ParamsError::ContentType) };
        let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(ParamsError::ContentType);
        }
        Params::parse(request.body())
    }

    /// The value of a parameter that may come once.
    ///
    /// # Errors
    /// [`Repeated`].
    pub fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        match self.values.get(name).map(Vec::as_slice) {
            None => Ok(None),
            Some([value]) => Ok(Some(value)),
            Some(_) => Err(Repeated),
        }
    }

    /// All values of a parameter that may come several times, like `resource` ([RFC 8707 §2]).
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every parameter with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.values.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Refuses when anything but the parameters in `but` came more than once: known to us or not.
    ///
    /// # Errors
    /// [`Repeated`].
    pub fn refuse_repeated(&self, but: &[&str]) -> Result<(), Repeated> {
        let repeated = |(name, values): (&String, &Vec<String>)| values.len() > 1 && !but.contains(&name.as_str());
        if self.values.iter().any(repeated) { Err(Repeated) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Params {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Undoes form encoding of one name or value.
pub(crate) fn form_decode(text: &[u8]) -> Result<String, ParamsError> {
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
                _ => return Err(ParamsError::Encoding),
            },
            byte => byte,
        });
    }
    let decoded = String::from_utf8(decoded).map_err(|_| ParamsError::Encoding)?;
    if decoded.chars().any(char::is_control) { Err(ParamsError::Encoding) } else { Ok(decoded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_has_no_value() {
        let params = Params::parse(b"a=1&b=2&a=3&c=&c=4&resource=x&resource=y").unwrap();
        assert_eq!(params.one("a"), Err(Repeated));
        assert_eq!(params.one("b"), Ok(Some("2")));
        assert_eq!(params.one("c"), Ok(Some("4")));
        assert_eq!(params.one("d"), Ok(None));
        assert_eq!(params.all("resource"), ["x", "y"]);
        assert_eq!(params.refuse_repeated(&["resource"]), Err(Repeated));
        assert_eq!(params.refuse_repeated(&["resource", "a"]), Ok(()));
    }

    #[test]
    fn encoding_is_strict() {
        assert_eq!(Params::parse(b"a=%C3%A4+b").unwrap().one("a"), Ok(Some("ä b")));
        for bad in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%+1", b"a=%FF", b"a=%00", b"a=%0D%0A", b"\xff=1"] {
            assert_eq!(Params::parse(bad).unwrap_err(), ParamsError::Encoding, "{bad:?}");
        }
        assert_eq!(Params::parse(&[b'a'; LONGEST + 1]).unwrap_err(), ParamsError::TooLarge);
        assert_eq!(Params::parse("a=1&".repeat(MOST + 1).as_bytes()).unwrap_err(), ParamsError::TooLarge);
    }

    #[test]
    fn a_form_says_that_it_is_one() {
        let form = |content_type: &str| {
            let request = Request::builder().header("content-type", content_type);
            Params::of_form(&request.body(Bytes::from_static(b"a=1")).unwrap()).map(|_| ())
        };
        assert_eq!(form("application/x-www-form-urlencoded"), Ok(()));
        assert_eq!(form("Application/X-WWW-Form-Urlencoded; charset=utf-8"), Ok(()));
        assert_eq!(form("application/json"), Err(ParamsError::ContentType));
        assert_eq!(form("text/plain; x=application/x-www-form-urlencoded"), Err(ParamsError::ContentType));
    }
}
