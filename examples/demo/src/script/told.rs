//! How a step ends: with what came back, or with a surprise.

use serde_json::Value;

/// Something that must not happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Surprise(pub(crate) String);

/// What a step ends with.
pub(crate) type Told<T> = Result<T, Surprise>;

impl From<String> for Surprise {
    fn from(reason: String) -> Self {
        Surprise(reason)
    }
}

/// A surprise unless the answer has this status and, where one is named, this error code.
pub(crate) fn expect(answer: &Answer, status: u16, error: Option<&str>) -> Told<()> {
    let found = answer.body.get("error").and_then(Value::as_str);
    if answer.status == status && found == error {
        return Ok(());
    }
    let named = |error: Option<&str>| error.map_or_else(|| "no error".to_owned(), |error| format!("{error:?}"));
    Err(Surprise(format!("expected {status} with {}, found {} with {}", named(error), answer.status, named(found))))
}

/// An answer of an endpoint that speaks JSON.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}
