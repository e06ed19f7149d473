//! The one page of Notes.

use axum::response::Html;

use crate::sign_in::Error;
use crate::signed_in::Session;

type Page = Html<String>;

pub(crate) fn signed_out() -> Page {
    page(
        "<p>Notes keeps no password of yours. It asks AuthCo who you are.</p>\
          <p><a class=\"button\" href=\"/sign-in\">Sign in with AuthCo</a></p>",
    )
}

pub(crate) fn signed_in(session: &Session, notes: &Result<Vec<String>, Error>) -> Page {
    let who = session.name.as_deref().or(session.email.as_deref()).unwrap_or(&session.subject);
    let list = match notes {
        Ok(notes) if notes.is_empty() => "<p>No notes yet.</p>".to_owned(),
        Ok(notes) => {
            let items: String = notes.iter().map(|note| format!("<li>{}</li>", escaped(note))).collect();
            format!("<ul>{items}</ul>")
        }
        Err(error) => format!("<p role=\"alert\">Your notes cannot be shown: {}</p>", escaped(&error.to_string())),
    };
    page(&format!(
        "<p>Signed in as <strong>{who}</strong>. AuthCo let Notes use: <code>{scope}</code>.</p>{list}\
         <form method=\"post\" action=\"/notes\"><label>New note <input name=\"text\" required maxlength=\"500\"></label> \
         <button>Add</button></form>\
         <form method=\"post\" action=\"/sign-out\"><button>Sign out of Notes</button></form>",
        who = escaped(who),
        scope = escaped(&session.scope),
    ))
}

pub(crate) fn problem(reason: &str) -> Page {
    page(&format!("<p role=\"alert\">{}</p><p><a href=\"/\">Back to Notes</a></p>", escaped(reason)))
}

fn page(body: &str) -> Page {
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Notes</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\
         <body><main><h1>Notes</h1>{body}</main></body></html>"
    ))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0}\
main{max-width:40rem;margin:3rem auto;padding:0 1rem}\
.button,button{font:inherit;display:inline-block;padding:.5rem 1rem;border:1px solid;border-radius:.375rem;\
background:none;color:inherit;text-decoration:none;cursor:pointer}\
input{font:inherit;padding:.5rem}form{margin:1rem 0}";
