//! Request parameters ([RFC 6749 §3.1], [RFC 6749 §3.2]), on top of the one reader of forms ([`countersign_web::form`]).
//!
//! Refused besides what that refuses: control characters. A parameter without a value counts as omitted.
//!
//! [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
//! [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

use bytes::Bytes;
use countersign_web::form::{Bounds, Fields};
use countersign_web::media_type::UnsupportedMediaType;
use http::Request;

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

    /// The parameters of a client that asks directly: a form in which each comes once, those in `but` aside.
    ///
    /// # Errors
    /// [`ParamsRefusal`].
    pub fn posted(request: &Request<Bytes>, but: &[&str]) -> Result<Self, ParamsRefusal> {
        let params = Params::of_form(request)?;
        params.refuse_repeated(but)?;
        Ok(params)
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
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
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

countersign_web::refusals! {
    /// Why the parameters of a client that asked directly are not read.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum ParamsRefusal {
        /// A form, but not in UTF-8.
        Charset => [
            UNSUPPORTED_MEDIA_TYPE "invalid_request" "RFC 9110 §15.5.16"
            "The request must be a form: the content type must be application/x-www-form-urlencoded, in UTF-8."
        ],
        /// Not in form encoding, or with control characters.
        Encoding => [
            BAD_REQUEST "invalid_request" "RFC 6749 §B"
            "The request must be a form: the parameters are not in form encoding."
        ],
        /// Not declared as a form.
        NoForm => [
            BAD_REQUEST "invalid_request" "RFC 6749 §B"
            "The request must be a form: the content type must be application/x-www-form-urlencoded, in UTF-8."
        ],
        /// A parameter came twice.
        Repeated => [BAD_REQUEST "invalid_request" "RFC 6749 §3.2" "A parameter was sent more than once."],
        /// More than is read.
        TooLarge => [BAD_REQUEST "invalid_request" "own" "The request must be a form: too many parameters."],
    }
}

impl From<FormError> for ParamsRefusal {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Encoding => ParamsRefusal::Encoding,
            FormError::TooLarge => ParamsRefusal::TooLarge,
            FormError::Unsupported(UnsupportedMediaType::Charset) => ParamsRefusal::Charset,
            FormError::Unsupported(UnsupportedMediaType::Type) => ParamsRefusal::NoForm,
        }
    }
}

impl From<Repeated> for ParamsRefusal {
    fn from(_: Repeated) -> Self {
        ParamsRefusal::Repeated
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
        let form = |content_type: &str, body: &'static [u8]| {
            let request = Request::builder().header("content-type", content_type);
            let posted = Params::posted(&request.body(Bytes::from_static(body)).unwrap(), &["resource"]);
            posted.map(drop).map_err(|refusal| (refusal.status().as_u16(), refusal))
        };
        let own = "application/x-www-form-urlencoded";
        assert_eq!(form(own, b"a=1&resource=x&resource=y"), Ok(()));
        assert_eq!(form(own, b"a=1&a=1"), Err((400, ParamsRefusal::Repeated)));
        assert_eq!(form(own, b"a=%zz"), Err((400, ParamsRefusal::Encoding)));
        assert_eq!(form("application/json", b"a=1"), Err((400, ParamsRefusal::NoForm)));
        let latin = format!("{own}; charset=iso-8859-1");
        assert_eq!(form(&latin, b"a=1"), Err((415, ParamsRefusal::Charset)));
    }
}
