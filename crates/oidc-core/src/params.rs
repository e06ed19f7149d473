//! Request parameters ([RFC 6749 §3.1], [RFC 6749 §3.2]), on top of the one reader of forms ([`countersign_web::form`]).
//!
//! Refused besides what that refuses: control characters. A parameter without a value counts as omitted.

use bytes::Bytes;
use countersign_web::form::{Bounds, Fields};
use countersign_web::media_type::UnsupportedMediaType;
use http::{Request, StatusCode};

pub use countersign_web::form::{FormError, Repeated};

/// The parameters of one request. `Debug` shows names only: values may be secrets.
#[derive(Clone, Default, Debug)]
pub struct Params {
    fields: Fields,
}

impl Params {
    /// Reads form-encoded text: a query, or a body.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn parse(text: &[u8]) -> Result<Self, FormError> {
        Params::of(Fields::parse(text, Bounds::default())?)
    }

    /// The parameters of the query.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn of_query(request: &Request<Bytes>) -> Result<Self, FormError> {
        Params::of(Fields::of_query(request.uri().query(), Bounds::default())?)
    }

    /// The parameters of the body, which must say that it is a form. The query has no say.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn of_form(request: &Request<Bytes>) -> Result<Self, FormError> {
        Params::of(Fields::of_body(request.headers(), request.body(), Bounds::default())?)
    }

    fn of(fields: Fields) -> Result<Self, FormError> {
        let controls = |text: &str| text.chars().any(char::is_control);
        if fields.iter().any(|(name, values)| controls(name) || values.iter().any(|value| controls(value))) {
            return Err(FormError::Encoding);
        }
        Ok(Params { fields: fields.filtered(|_, value| !value.is_empty()) })
    }

    /// The value of a parameter that may come once.
    ///
    /// # Errors
    /// [`Repeated`].
    pub fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        self.fields.one(name)
    }

    /// All values of a parameter that may come several times, like `resource` ([RFC 8707 §2]).
    pub fn all(&self, name: &str) -> &[String] {
        self.fields.all(name)
    }

    /// Every parameter with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.fields.iter()
    }

    /// Refuses when anything but the parameters in `but` came more than once: known to us or not.
    ///
    /// # Errors
    /// [`Repeated`].
    pub fn refuse_repeated(&self, but: &[&str]) -> Result<(), Repeated> {
        self.fields.refuse_repeated(but)
    }
}

/// The status for a client that asked directly: 415 for another charset, else 400 ([RFC 6749 §5.2]).
pub(crate) fn status(error: FormError) -> StatusCode {
    match error {
        FormError::Unsupported(UnsupportedMediaType::Charset) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FormError::Unsupported(UnsupportedMediaType::Type) | FormError::Encoding | FormError::TooLarge => {
            StatusCode::BAD_REQUEST
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_a_value_is_omitted() {
        let params = Params::parse(b"a=&b=2&c=&c=4&d").unwrap();
        assert_eq!((params.one("a"), params.one("b")), (Ok(None), Ok(Some("2"))));
        assert_eq!((params.one("c"), params.one("d")), (Ok(Some("4")), Ok(None)));
        assert_eq!(params.refuse_repeated(&[]), Ok(()));
    }

    #[test]
    fn control_characters_are_refused() {
        for bad in [&b"a=%0D%0A"[..], b"a=%7F", b"a=%C2%85", b"%01=", b"a=%00", b"a=%zz"] {
            assert_eq!(Params::parse(bad).unwrap_err(), FormError::Encoding, "{bad:?}");
        }
    }

    #[test]
    fn a_form_in_another_charset_is_415() {
        let form = |content_type: &str| {
            let request = Request::builder().header("content-type", content_type);
            Params::of_form(&request.body(Bytes::from_static(b"a=1")).unwrap()).map(|_| ()).map_err(status)
        };
        assert_eq!(form("application/x-www-form-urlencoded"), Ok(()));
        assert_eq!(form("application/json"), Err(StatusCode::BAD_REQUEST));
        assert_eq!(
            form("application/x-www-form-urlencoded; charset=iso-8859-1"),
            Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        );
    }
}
