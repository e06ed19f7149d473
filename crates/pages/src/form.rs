//! Forms: what a page sends, and how strictly it is read when it comes back.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_storage::Secret;
use countersign_web::form;
use http::HeaderMap;
use serde::Serialize;

/// A form as a template shows it. The macro `hidden` writes the token and the fields.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Form {
    /// Where it is posted to.
    pub action: String,
    /// Proof that this page was made for this browser.
    pub token: String,
    /// Further hidden fields.
    pub fields: Vec<HiddenField>,
}

/// A field of a form that is not shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HiddenField {
    /// The name that it is sent under.
    pub name: String,
    /// The value that is sent.
    pub value: String,
}

impl Form {
    /// Makes a form that has no field but its token.
    pub fn new(action: impl Into<String>, token: impl Into<String>) -> Self {
        Form { action: action.into(), token: token.into(), fields: Vec::new() }
    }

    /// Adds a hidden field.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push(HiddenField { name: name.into(), value: value.into() });
        self
    }
}

/// The name of the field that carries the token.
pub(crate) const TOKEN_FIELD: &str = "form_token";

/// The longest form that is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 16 * 1_024;

const BOUNDS: form::Bounds = form::Bounds { bytes: BODY_LIMIT, fields: 1_000 };

/// Named values, each of which stands there once: the body of a form, or a query. The one reader of forms reads them
/// ([`countersign_web::form`]).
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

/// Why a form was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum FormError {
    #[error(transparent)]
    Unreadable(#[from] form::FormError),
    #[error("a field was sent twice")]
    Repeated,
}

impl Fields {
    /// Reads the body of a POST.
    pub(crate) fn from_body(headers: &HeaderMap, body: &Bytes) -> Result<Fields, FormError> {
        Fields::each_once(form::Fields::of_body(headers, body, BOUNDS)?)
    }

    /// Reads a query.
    pub(crate) fn from_query(query: Option<&str>) -> Result<Fields, FormError> {
        Fields::each_once(form::Fields::of_query(query, BOUNDS)?)
    }

    fn each_once(mut read: form::Fields) -> Result<Fields, FormError> {
        read.refuse_repeated(&[]).map_err(|form::Repeated| FormError::Repeated)?;
        let names: Vec<String> = read.iter().map(|(name, _)| name.to_owned()).collect();
        let fields = names.into_iter().filter_map(|name| Some((read.take(&name).pop()?, name)));
        Ok(Fields(fields.map(|(value, name)| (name, value)).collect()))
    }

    /// The value of a field, unless it is missing or empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a field, empty where it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Takes a secret out, so that it is wiped after its use. It is empty where the field is missing.
    pub(crate) fn take_secret(&mut self, name: &str) -> Secret {
        Secret::new(self.0.remove(name).unwrap_or_default())
    }

    /// What was ticked in a list: all names that begin with `prefix`, without it.
    pub(crate) fn ticked(&self, prefix: &str) -> Vec<String> {
        self.0.keys().filter_map(|name| name.strip_prefix(prefix)).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{BODY_LIMIT, Fields, FormError};
    use bytes::Bytes;
    use countersign_web::form;
    use countersign_web::media_type::UnsupportedMediaType;
    use http::{HeaderMap, HeaderValue, header};

    fn read(content_type: &[&'static str], body: &str) -> Result<Fields, FormError> {
        let mut headers = HeaderMap::new();
        for value in content_type {
            headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
        }
        Fields::from_body(&headers, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn a_form_is_read_only_as_a_form_and_only_with_each_field_once() {
        const FORM: &str = "application/x-www-form-urlencoded";
        const NOT_A_FORM: FormError = FormError::Unreadable(form::FormError::Unsupported(UnsupportedMediaType::Type));
        const ENCODING: FormError = FormError::Unreadable(form::FormError::Encoding);
        let long = format!("a={}", "b".repeat(BODY_LIMIT));
        for (content_type, body, error) in [
            (&["application/json"][..], "{}", NOT_A_FORM),
            (&["text/plain"], "a=b", NOT_A_FORM),
            (&["multipart/form-data; boundary=x"], "a=b", NOT_A_FORM),
            (&[], "a=b", NOT_A_FORM),
            (&[FORM, FORM], "a=b", NOT_A_FORM),
            (&[FORM], "a=b&a=b", FormError::Repeated),
            (&[FORM], "a=b&%61=c", FormError::Repeated),
            (&[FORM], "a=%ff", ENCODING),
            (&[FORM], "a=%zz", ENCODING),
            (&[FORM], "a=%00", ENCODING),
            (&[FORM], &long, FormError::Unreadable(form::FormError::TooLarge)),
        ] {
            assert_eq!(read(content_type, body).err(), Some(error), "{content_type:?} {body:.20}");
        }
        let fields =
            read(&["Application/X-WWW-Form-URLencoded; charset=UTF-8"], "a=b+c%C3%A9&d=&s.x=on&s.y=on").expect("read");
        assert_eq!((fields.value("a"), fields.value("d"), fields.value("e")), (Some("b cé"), None, None));
        assert_eq!(fields.ticked("s."), ["x", "y"]);
    }
}
