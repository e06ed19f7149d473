//! What the script tells: each step, what was sent, what came back. Secrets are shortened beyond use.

use serde_json::Value;
use url::Url;

use super::page::Page;

/// The tale, as it is printed.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    steps: usize,
}

impl Journal {
    /// A new chapter.
    pub(crate) fn chapter(&mut self, title: &str) {
        println!("\n== {title}");
    }

    /// The next step: a sentence that says what must happen.
    pub(crate) fn step(&mut self, sentence: &str) {
        self.steps += 1;
        println!("\n{:>3}. {sentence}", self.steps);
    }

    pub(crate) fn sent(&mut self, line: &str, body: Option<&str>) {
        println!("     -> {line}");
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            println!("        {body}");
        }
    }

    pub(crate) fn received(&mut self, line: &str) {
        println!("     <- {line}");
    }

    /// What was seen, where that is more than an answer.
    pub(crate) fn seen(&mut self, line: &str) {
        println!("        {line}");
    }

    pub(crate) fn steps(&self) -> usize {
        self.steps
    }
}

/// An address, its long parameters shortened.
pub(crate) fn address(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    let pairs: Vec<_> = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    if pairs.is_empty() { shown.to_string() } else { format!("{shown}?{}", form(&pairs)) }
}

/// Fields of a form or a query.
pub(crate) fn form(fields: &[(String, String)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{name}={}", value_of(name, value)));
    fields.collect::<Vec<_>>().join("&")
}

/// Status, where it leads, and what a page is called.
pub(crate) fn answer(page: &Page) -> String {
    let mut line = page.status.to_string();
    if let Some(location) = page.headers.get(http::header::LOCATION).and_then(|location| location.to_str().ok()) {
        let to = page.url.join(location).map_or_else(|_| location.to_owned(), |to| address(&to));
        line.push_str(&format!(", on to {to}"));
    } else if let Some((_, rest)) = page.body.split_once("<title>")
        && let Some((title, _)) = rest.split_once("</title>")
    {
        line.push_str(&format!(", the page {:?}", title.trim()));
    }
    line
}

/// JSON, its long strings shortened.
pub(crate) fn json(value: &Value) -> String {
    shortened("", value).to_string()
}

/// A token or another long text, shortened.
pub(crate) fn short(text: &str) -> String {
    let head: String = text.chars().take(8).collect();
    if text.chars().count() > 24 { format!("{head}...") } else { text.to_owned() }
}

fn shortened(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(value_of(name, text)),
        Value::Array(items) => items.iter().map(|item| shortened(name, item)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), shortened(name, member))).collect()
        }
        other => other.clone(),
    }
}

/// Names and addresses are shown whole; what could be used by a reader is not.
fn value_of(name: &str, value: &str) -> String {
    const OPEN: [&str; 14] = [
        "scope",
        "resource",
        "redirect_uri",
        "iss",
        "issuer",
        "error",
        "error_description",
        "message",
        "description",
        "verification_uri",
        "verification_uri_complete",
        "reason",
        "email",
        "aud",
    ];
    match name {
        "password" => "(not shown)".to_owned(),
        open if OPEN.contains(&open) => value.to_owned(),
        _ => short(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_opens_something_is_not_shown() {
        let secret = "eyJhbGciOiJFUzI1NiJ9.payload.signature";
        let line =
            json(&json!({ "access_token": secret, "list": [secret], "scope": "a very long list of scopes, shown" }));
        assert!(
            !line.contains("signature") && line.contains("eyJhbGci...") && line.contains("scopes, shown"),
            "{line}"
        );
        let fields = [("password".to_owned(), "short".to_owned()), ("code".to_owned(), secret.to_owned())];
        assert_eq!(form(&fields), "password=(not shown)&code=eyJhbGci...");
        let url = Url::parse(&format!("http://a.test/cb?code={secret}&iss=http://a.test")).unwrap();
        assert_eq!(address(&url), "http://a.test/cb?code=eyJhbGci...&iss=http://a.test");
    }
}
