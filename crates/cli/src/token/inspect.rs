//! `countersign token inspect`: what does this token say?

use std::fmt::Write;

use clap::Args;
use countersign_jose::jwt::TokenError;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, Unable};
use crate::input::TokenInput;
use crate::kind::Kind;
use crate::look::{Content, Form, Look, Object};
use crate::{judgement, moment, rules, shown};

/// Show what a token says, without verifying anything
///
/// Works on broken tokens too: what can be made out is shown, with the rules that its form breaks. Nothing of it is
/// proven; verify does that.
#[derive(Args)]
#[command(after_help = "Examples:\n  countersign token inspect < token\n  countersign token inspect --json token.txt")]
pub(crate) struct Inspect {
    #[command(flatten)]
    input: TokenInput,

    /// Reckon times from this one (seconds since 1970, or 2026-11-22T09:30:00Z) and not from now
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    at: Option<i64>,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        let token = self.input.read()?;
        let look = Look::at(&token);
        let now = self.at.unwrap_or_else(moment::now);
        let broken = match look.form {
            Form::Jws | Form::Unknown => judgement::form(&token, &look),
            Form::Jwe | Form::JwsJson | Form::JweJson => Vec::new(),
        };
        let out = if self.json { as_json(&look, &broken, now) } else { as_text(&look, &broken, now) };
        Ok(Answer::new(out))
    }
}

fn as_text(look: &Look, broken: &[TokenError], now: i64) -> String {
    let mut out = "not verified: anybody can write what follows\n\n".to_owned();
    line(&mut out, "form", look.form.as_str());
    if look.form == Form::Jws {
        line(&mut out, "kind", Kind::described(look.header_text("typ")));
    }
    if let Some(kid) = look.header_text("kid") {
        line(&mut out, "key id", &shown::text(kid));
    }
    for (name, length) in &look.opaque {
        let length = length.map_or("not base64url".to_owned(), |length| format!("{length} bytes"));
        line(&mut out, name, &length);
    }
    for header in &look.headers {
        out.push_str("\nheader\n");
        content(&mut out, header, now);
    }
    if look.form != Form::Jwe && look.form != Form::JweJson {
        out.push_str("\nclaims\n");
        content(&mut out, &look.payload, now);
    }
    if !broken.is_empty() {
        out.push_str("\nbroken rules\n");
        for error in broken {
            let standard = rules::with_code(error.code()).map_or("", |rule| rule.standard);
            let _ = writeln!(out, "  {}: {} ({standard})", error.code(), shown::text(&error.to_string()));
        }
    }
    out
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
struct Inspected<'a> {
    verified: bool,
    form: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    kid: Option<&'a str>,
    headers: Vec<Shown<'a>>,
    claims: Shown<'a>,
    times: Object<'a>,
    lengths: Object<'a>,
    broken_rules: Vec<Value>,
}

/// An object as such, anything else as what it is.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Object(Object<'a>),
    Other(Value),
}

fn as_json(look: &Look, broken: &[TokenError], now: i64) -> String {
    let times: Vec<(String, Value)> = look.payload.members().iter().filter_map(|(name, value)| {
        let seconds = time_of(name, value)?;
        let told = serde_json::json!({ "seconds": seconds, "utc": moment::utc(seconds), "from_now": seconds.saturating_sub(now) });
        Some((name.clone(), told))
    }).collect();
    let lengths: Vec<(String, Value)> =
        look.opaque.iter().map(|(name, length)| (name.replace(' ', "_"), (*length).into())).collect();
    let inspected = Inspected {
        verified: false,
        form: look.form.as_str(),
        kind: (look.form == Form::Jws).then(|| Kind::described(look.header_text("typ"))),
        kid: look.header_text("kid"),
        headers: look.headers.iter().map(shown_json).collect(),
        claims: shown_json(&look.payload),
        times: Object(&times),
        lengths: Object(&lengths),
        broken_rules: broken.iter().map(rules::as_json).collect(),
    };
    shown::pretty_json(&inspected) + "\n"
}

fn shown_json(content: &Content) -> Shown<'_> {
    Shown::Other(match content {
        Content::Members(members) => return Shown::Object(Object(members)),
        Content::Json(value) => value.clone(),
        Content::Text(text) => text.as_str().into(),
        Content::Absent | Content::Binary(_) | Content::Undecodable => Value::Null,
    })
}
