//! What a body says that it is ([RFC 9110 §8.3]).
//!
//! [RFC 9110 §8.3]: https://www.rfc-editor.org/rfc/rfc9110#section-8.3

use http::{HeaderMap, StatusCode, header};

use crate::white_space::trim;

/// `application/x-www-form-urlencoded`
pub const FORM: &str = "application/x-www-form-urlencoded";
/// `application/json`
pub const JSON: &str = "application/json";

/// Why a body is not read: 415.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnsupportedMediaType {
    /// Its text is not in UTF-8.
    #[error("the charset of the body must be UTF-8")]
    Charset,
    /// The header is missing, repeated, unreadable, or says something else.
    #[error("the body is of another content type")]
    Type,
}

impl UnsupportedMediaType {
    /// The status of the answer, which is always 415.
    pub fn status(self) -> StatusCode {
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    }
}

/// Whether a body says that it is `wanted`, in UTF-8. A charset need not be named; one that is named is UTF-8. Other
/// parameters are passed over.
///
/// # Errors
/// [`UnsupportedMediaType`].
pub fn expect(headers: &HeaderMap, wanted: &str) -> Result<(), UnsupportedMediaType> {
    let mut parts = content_type(headers).ok_or(UnsupportedMediaType::Type)?.split(';').map(trim);
    if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(wanted)) {
        return Err(UnsupportedMediaType::Type);
    }
    let mut charsets = parts.filter_map(|part| part.split_once('=')).filter(|(name, _)| {
        // White space around `=` is not allowed, but whoever reads past it must not be the only one.
        trim(name).eq_ignore_ascii_case("charset")
    });
    let is_utf8 = |charset: &str| {
        let charset = trim(charset);
        let charset = charset.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(charset);
        charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
    };
    if charsets.all(|(_, charset)| is_utf8(charset)) { Ok(()) } else { Err(UnsupportedMediaType::Charset) }
}

/// Whether a body says that it is `wanted`, in whatever charset.
pub fn is(headers: &HeaderMap, wanted: &str) -> bool {
    content_type(headers)
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| trim(essence).eq_ignore_ascii_case(wanted))
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_body_says_what_it_is_and_is_in_utf_8() {
        let read = |lines: &[&str]| {
            let headers: HeaderMap =
                lines.iter().map(|line| (header::CONTENT_TYPE, HeaderValue::from_str(line).unwrap())).collect();
            expect(&headers, FORM)
        };
        for good in [
            FORM,
            "Application/X-WWW-Form-URLencoded",
            "application/x-www-form-urlencoded ; charset=UTF-8",
            "application/x-www-form-urlencoded;charset=\"utf-8\"",
            "application/x-www-form-urlencoded; charset=utf8; x=y",
        ] {
            assert_eq!(read(&[good]), Ok(()), "{good}");
        }
        for charset in ["iso-8859-1", "utf-16", "UTF-7", "\"utf-8", "", "utf-8x"] {
            let line = format!("{FORM}; Charset={charset}");
            assert_eq!(read(&[&line]), Err(UnsupportedMediaType::Charset), "{line}");
        }
        assert_eq!(read(&[&format!("{FORM}; charset=utf-8; charset=utf-16")]), Err(UnsupportedMediaType::Charset));
        for other in [&[][..], &[JSON], &["text/plain; x=application/x-www-form-urlencoded"], &[FORM, FORM], &[""]] {
            assert_eq!(read(other), Err(UnsupportedMediaType::Type), "{other:?}");
        }
    }
}
