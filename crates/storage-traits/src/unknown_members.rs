//! Members of stored records that this version does not know: they stay when it writes the record again.
//!
//! Two versions of the software serve one store while an update is under way. The newer one writes a member that the older
//! one does not know. When the older one changes the record, the member must still be there afterwards: it may be what binds
//! a token to a key.
//!
//! What is kept:
//! - at the top of the record: every member;
//! - in an object inside it: every member, as long as the object is the same thing. It is the same when what this version
//!   knows of it did not change, or when it has an `id`, a `kid` or a `thumbprint` and that did not change;
//! - in the objects of a list: the same, wherever in the list they are now.
//!
//! A thing that was removed goes with everything in it. Where this version cannot tell whether a thing was removed or changed,
//! it does not write the record: the operation fails with [`crate::Fault::Newer`] and changes nothing. New members therefore
//! belong to the top of a record, or into things that have a name.

use serde_json::{Map, Value};

use crate::record::Record;

/// It cannot be told where an unknown member belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Homeless;

/// `written`, with the members of `read` that `R` does not know. `read` is a body that was read as an `R`.
pub(crate) fn carry<R: Record>(read: &str, written: String) -> Result<String, Homeless> {
    let again: R = serde_json::from_str(read).map_err(|_| Homeless)?;
    let known = serde_json::to_string(&again).map_err(|_| Homeless)?;
    // The usual case: a record that this version wrote.
    if known == read {
        return Ok(written);
    }
    let parse = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| Homeless);
    let (read, known) = (parse(read)?, parse(&known)?);
    if !has_unknown(&read, &known) {
        return Ok(written);
    }
    let mut body = parse(&written)?;
    keep(&read, &known, &mut body)?;
    serde_json::to_string(&body).map_err(|_| Homeless)
}

/// Whether `R` does not know all members of a body that it can read.
#[cfg(feature = "conformance")]
pub(crate) fn leaves_out<R: Record>(body: &str) -> serde_json::Result<bool> {
    let known = serde_json::to_value(serde_json::from_str::<R>(body)?)?;
    Ok(has_unknown(&serde_json::from_str(body)?, &known))
}

/// A `null` that `R` leaves out says the same as no member.
fn has_unknown(read: &Value, known: &Value) -> bool {
    match (read, known) {
        (Value::Object(read), Value::Object(known)) => read.iter().any(|(name, read)| match known.get(name) {
            Some(known) => has_unknown(read, known),
            None => !read.is_null(),
        }),
        (Value::Array(read), Value::Array(known)) => {
            read.iter().zip(known).any(|(read, known)| has_unknown(read, known))
        }
        _ => false,
    }
}

/// `written` is the same thing as `read`.
fn keep(read: &Value, known: &Value, written: &mut Value) -> Result<(), Homeless> {
    match (read, known, written) {
        (Value::Object(read), Value::Object(known), Value::Object(written)) => keep_members(read, known, written),
        (Value::Array(read), Value::Array(known), Value::Array(written)) => keep_elements(read, known, written),
        _ => Ok(()),
    }
}

fn keep_members(
    read: &Map<String, Value>,
    known: &Map<String, Value>,
    written: &mut Map<String, Value>,
) -> Result<(), Homeless> {
    for (name, read) in read {
        let Some(known) = known.get(name) else {
            if !read.is_null() {
                written.entry(name).or_insert_with(|| read.clone());
            }
            continue;
        };
        let Some(written) = written.get_mut(name).filter(|_| has_unknown(read, known)) else { continue };
        match (known, &mut *written) {
            (Value::Array(_), Value::Array(_)) => keep(read, known, written)?,
            (Value::Object(_), Value::Object(_)) => match is_same(known, written) {
                Some(true) => keep(read, known, written)?,
                Some(false) => {}
                None => return Err(Homeless),
            },
            // It went.
            _ => {}
        }
    }
    Ok(())
}

fn keep_elements(read: &[Value], known: &[Value], written: &mut [Value]) -> Result<(), Homeless> {
    if read.len() != known.len() {
        return Err(Homeless);
    }
    for (read, element) in read.iter().zip(known).filter(|(read, known)| has_unknown(read, known)) {
        // Where it is not found it went, unless it may be one of those that are new.
        let went = identity(element).is_some() || written.iter().all(|written| known.contains(written));
        match written.iter_mut().find(|written| is_same(element, written) == Some(true)) {
            Some(written) => keep(read, element, written)?,
            None if went => {}
            None => return Err(Homeless),
        }
    }
    Ok(())
}

/// Whether two objects are one thing; `None` where that cannot be told.
fn is_same(known: &Value, written: &Value) -> Option<bool> {
    if known == written {
        return Some(true);
    }
    match (identity(known), identity(written)) {
        (Some(known), Some(written)) => Some(known == written),
        (Some(_), None) | (None, Some(_)) => Some(false),
        (None, None) => None,
    }
}

/// What a thing is called inside its record.
fn identity(thing: &Value) -> Option<(&'static str, &str)> {
    ["id", "kid", "thumbprint"].into_iter().find_map(|name| Some((name, thing.get(name)?.as_str()?)))
}
