//! Forms: what a page sends, and how strictly it is read when it comes back.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_storage::Secret;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use url::form_urlencoded;

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

/// A hidden field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HiddenField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Form {
    /// A form without further fields.
    pub fn new(action: impl Into<String>, token: impl Into<String>) -> Self {
        Form { action: action.into(), token: token.into(), fields: Vec::new() }
    }

    /// With one more hidden field.
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

/// Named values, each once: a form's body, or a query.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

/// Why a form was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum FormError {
    #[error("the form is too long")]
    TooLarge,
    #[error("only forms are accepted here")]
    NotAForm,
    #[error("a field was sent twice")]
    Repeated,
    #[error("the form is not UTF-8")]
    NotText,
}

impl FormError {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            FormError::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            FormError::NotText | FormError::Repeated => StatusCode::BAD_REQUEST,
            FormError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

impl Fields {
    /// Reads the body of a POST.
    pub(crate) fn from_body(headers: &HeaderMap, body: &Bytes) -> Result<Fields, FormError> {
        if media_type(headers).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(FormError::NotAForm);
        }
        if body.len() > BODY_LIMIT {
            return Err(FormError::TooLarge);
        }
        Fields::parse(body)
    }

    /// Reads a query.
    pub(crate) fn from_query(query: Option<&str>) -> Result<Fields, FormError> {
        Fields::parse(query.unwrap_or_default().as_bytes())
    }

    fn parse(bytes: &[u8]) -> Result<Fields, FormError> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            // What is no UTF-8 decodes to the replacement character, and two different passwords would become one.
            if name.contains('\u{FFFD}') || value.contains('\u{FFFD}') {
                return Err(FormError::NotText);
            }
            if fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(FormError::Repeated);
            }
        }
        Ok(Fields(fields))
    }

    /// The value of a field, unless it is missing or empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a field, empty where it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Takes a secret out, so that it is wiped when it was used. Empty where it is missing.
    pub(crate) fn take_secret(&mut self, name: &str) -> Secret {
        Secret::new(self.0.remove(name).unwrap_or_default())
    }

    /// The ends of all names that begin with `prefix`: what was ticked in a list.
    pub(crate) fn ticked(&self, prefix: &str) -> Vec<String> {
        self.0.keys().filter_map(|name| name.strip_prefix(prefix)).map(str::to_owned).collect()
    }
}

/// The media type without parameters, in lower case. `None` where the header is missing, repeated or unreadable.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let value = value.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{BODY_LIMIT, Fields, FormError};
    use bytes::Bytes;
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
        let long = format!("a={}", "b".repeat(BODY_LIMIT));
        for (content_type, body, error) in [
            (&["application/json"][..], "{}", FormError::NotAForm),
            (&["text/plain"], "a=b", FormError::NotAForm),
            (&["multipart/form-data; boundary=x"], "a=b", FormError::NotAForm),
            (&[], "a=b", FormError::NotAForm),
            (&[FORM, FORM], "a=b", FormError::NotAForm),
            (&[FORM], "a=b&a=b", FormError::Repeated),
            (&[FORM], "a=b&%61=c", FormError::Repeated),
            (&[FORM], "a=%ff", FormError::NotText),
            (&[FORM], &long, FormError::TooLarge),
        ] {
            assert_eq!(read(content_type, body).err(), Some(error), "{content_type:?} {body:.20}");
        }
        let fields =
            read(&["Application/X-WWW-Form-URLencoded; charset=UTF-8"], "a=b+c%C3%A9&d=&s.x=on&s.y=on").expect("read");
        assert_eq!((fields.value("a"), fields.value("d"), fields.value("e")), (Some("b cé"), None, None));
        assert_eq!(fields.ticked("s."), ["x", "y"]);
    }
}
