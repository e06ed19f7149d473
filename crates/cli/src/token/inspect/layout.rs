//! What was made out of a token, laid out for people and for scripts.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value};

use super::inspected::Inspected;
use crate::kind::Kind;
use crate::look::{Content, Form, Look, Object};
use crate::reason::Reason;
use crate::{moment, rules, shown};

pub(super) fn text(inspected: &Inspected, now: i64) -> String {
    let mut out = "not verified: anybody can write what follows\n\n".to_owned();
    section(&mut out, inspected, now);
    if let Some(decrypted) = &inspected.decrypted {
        out.push_str("\ndecrypted content, not verified either\n\n");
        section(&mut out, decrypted, now);
    }
    out
}

fn section(out: &mut String, inspected: &Inspected, now: i64) {
    let Inspected { look, broken, .. } = inspected;
    line(out, "form", look.form.as_str());
    if look.form == Form::Jws {
        line(out, "kind", Kind::described(look.header_text("typ")));
    }
    if let Some(kid) = look.header_text("kid") {
        line(out, "key id", &shown::text(kid));
    }
    for (name, length) in &look.opaque {
        let length = length.map_or("not base64url".to_owned(), |length| format!("{length} bytes"));
        line(out, name, &length);
    }
    for header in &look.headers {
        out.push_str("\nheader\n");
        content(out, header, now);
    }
    if !matches!(look.form, Form::Jwe | Form::JweJson) {
        out.push_str(if look.form == Form::Content { "\ncontent\n" } else { "\nclaims\n" });
        content(out, &look.payload, now);
    }
    if !broken.is_empty() {
        out.push_str("\nbroken rules\n");
        for reason in broken {
            let standard = rules::with_code(reason.code).map_or("", |rule| rule.standard);
            let _ = writeln!(out, "  {}: {} ({standard})", reason.code, shown::text(&reason.message));
        }
    }
}

fn line(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "{name:<22}{text}");
}

fn content(out: &mut String, content: &Content, now: i64) {
    match content {
        Content::Absent => out.push_str("  none\n"),
        Content::Members(members) if members.is_empty() => out.push_str("  {}\n"),
        Content::Members(members) => {
            let width = members.iter().map(|(name, _)| shown::text(name).chars().count()).max().unwrap_or(0).min(24);
            for (name, value) in members {
                let _ = writeln!(out, "  {:<width$}  {}", shown::text(name), described(name, value, now));
            }
        }
        Content::Json(value) => {
            let _ = writeln!(out, "  not an object: {}", cut(&shown::json(value)));
        }
        Content::Text(text) => {
            let _ = writeln!(out, "  not JSON: {}", cut(&shown::text(text)));
        }
        Content::Binary(length) => {
            let _ = writeln!(out, "  {length} bytes that are no text");
        }
        Content::Undecodable => out.push_str("  not base64url\n"),
    }
}

/// A value in one line; a time also as a date.
fn described(name: &str, value: &Value, now: i64) -> String {
    let plain = shown::json(value);
    match time_of(name, value) {
        Some(seconds) => {
            let verb = match name {
                "exp" if seconds > now => "expires ",
                "exp" => "expired ",
                _ => "",
            };
            format!("{plain}  {}, {verb}{}", moment::utc(seconds), moment::relative(seconds, now))
        }
        None => plain,
    }
}

/// The claims that are times: those of RFC 7519, OpenID Connect and RFC 9701.
fn time_of(name: &str, value: &Value) -> Option<i64> {
    if !matches!(name, "exp" | "nbf" | "iat" | "auth_time" | "updated_at") {
        return None;
    }
    // A fraction of a second says nothing to people.
    value.as_i64().or_else(|| format!("{:.0}", value.as_f64()?.floor()).parse().ok())
}

/// Enough to see what it is.
fn cut(text: &str) -> String {
    const MOST: usize = 2000;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => {
            format!("{}… ({} more characters)", text.get(..at).unwrap_or_default(), text.chars().count() - MOST)
        }
        None => text.to_owned(),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    verified: bool,
    form: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    kid: Option<&'a str>,
    headers: Vec<Shown<'a>>,
    claims: Shown<'a>,
    times: Map<String, Value>,
    lengths: Map<String, Value>,
    broken_rules: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decrypted: Option<Box<Document<'a>>>,
}

/// An object as such, anything else as what it is.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Object(Object<'a>),
    Other(Value),
}

pub(super) fn json(inspected: &Inspected, now: i64) -> String {
    shown::pretty_json(&document(inspected, now)) + "\n"
}

fn document(inspected: &Inspected, now: i64) -> Document<'_> {
    let look = &inspected.look;
    Document {
        verified: false,
        form: look.form.as_str(),
        kind: (look.form == Form::Jws).then(|| Kind::described(look.header_text("typ"))),
        kid: look.header_text("kid"),
        headers: look.headers.iter().map(shown_json).collect(),
        claims: shown_json(&look.payload),
        times: times(look, now),
        lengths: look.opaque.iter().map(|(name, length)| (name.replace(' ', "_"), (*length).into())).collect(),
        broken_rules: inspected.broken.iter().map(Reason::to_json).collect(),
        decrypted: inspected.decrypted.as_deref().map(|decrypted| Box::new(document(decrypted, now))),
    }
}

fn times(look: &Look, now: i64) -> Map<String, Value> {
    let time = |(name, value): &(String, Value)| {
        let seconds = time_of(name, value)?;
        let utc = moment::utc(seconds);
        Some((
            name.clone(),
            serde_json::json!({ "seconds": seconds, "utc": utc, "from_now": seconds.saturating_sub(now) }),
        ))
    };
    look.payload.members().iter().filter_map(time).collect()
}

fn shown_json(content: &Content) -> Shown<'_> {
    Shown::Other(match content {
        Content::Members(members) => return Shown::Object(Object(members)),
        Content::Json(value) => value.clone(),
        Content::Text(text) => text.as_str().into(),
        Content::Absent | Content::Binary(_) | Content::Undecodable => Value::Null,
    })
}
