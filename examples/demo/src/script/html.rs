//! Forms out of pages: as much HTML as a form needs, read the way a browser without scripts would fill it in.

/// A form, with what it would send if nothing were changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) method: String,
    /// Its controls that would be sent, in order.
    pub(crate) fields: Vec<(String, String)>,
    /// Its buttons that carry a name.
    pub(crate) buttons: Vec<(String, String)>,
}

impl Form {
    /// Fills a field in, or ticks a box.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            Some(field) => field.1 = value.to_owned(),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }
}

/// The forms of a page.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    for tag in tags(html) {
        let form = forms.last_mut().filter(|_| inside);
        match (tag.name.as_str(), form) {
            ("form", _) => {
                inside = true;
                let attribute = |name: &str| tag.attribute(name).unwrap_or_default().to_owned();
                forms.push(Form {
                    action: attribute("action"),
                    method: attribute("method").to_ascii_lowercase(),
                    fields: Vec::new(),
                    buttons: Vec::new(),
                });
            }
            ("/form", _) => inside = false,
            ("input", Some(form)) => form.fields.extend(tag.sent()),
            ("button", Some(form)) => form.buttons.extend(tag.named()),
            _ => {}
        }
    }
    forms
}

/// The text of a page, without tags, white space made single.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let skipped = ["style", "script", "svg"].iter().find(|name| tag.starts_with(**name));
        rest = match skipped {
            Some(name) => tag.split_once(&format!("</{name}")).map_or("", |(_, rest)| rest),
            None => tag,
        };
        rest = rest.split_once('>').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    decoded(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(attribute, _)| attribute == name).map(|(_, value)| value.as_str())
    }

    fn named(&self) -> Option<(String, String)> {
        let name = self.attribute("name")?;
        Some((name.to_owned(), self.attribute("value").unwrap_or_default().to_owned()))
    }

    /// What an input contributes if it is left alone.
    fn sent(&self) -> Option<(String, String)> {
        match self.attribute("type").unwrap_or("text") {
            "checkbox" | "radio" if self.attribute("checked").is_none() => None,
            "submit" | "button" | "reset" | "image" => None,
            _ => self.named(),
        }
    }
}

fn tags(html: &str) -> impl Iterator<Item = Tag> {
    html.split('<').skip(1).filter_map(|piece| {
        // A ">" inside an attribute value is written as an entity by whoever made the page.
        let (tag, _) = piece.split_once('>')?;
        let tag = tag.trim_end_matches('/');
        let (name, mut rest) = tag.split_once(|c: char| c.is_whitespace()).unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                break;
            }
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            let (value, after) = match after.strip_prefix('=') {
                None => ("", after),
                Some(after) => match after.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
                    Some(parts) => parts,
                    None => after.split_once(|c: char| c.is_whitespace()).unwrap_or((after, "")),
                },
            };
            attributes.push((key.to_ascii_lowercase(), decoded(value)));
            rest = after;
        }
        Some(Tag { name: name.to_ascii_lowercase(), attributes })
    })
}

/// Replaces character references.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let reference = after.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        match reference {
            Some((c, after)) => {
                decoded.push(c);
                rest = after;
            }
            None => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_filled_in_as_a_browser_would() {
        let html = r#"<p>a &lt; b</p><form method="post" action="/a?b=1&amp;c=2">
            <input type="hidden" name="csrf" value="x&#x2f;y"><input name="email" type=email value="">
            <label><input type="checkbox" name="scope.a" value="on" checked> A</label>
            <input type="checkbox" name="confirm" value="yes">
            <button type="submit" name="answer" value="approve">Allow</button><button>plain</button></form>
            <input name="outside"><form action=/next><input name="q"/></form>"#;
        let [first, second] = forms(html).try_into().unwrap();
        assert_eq!((first.method.as_str(), first.action.as_str()), ("post", "/a?b=1&c=2"));
        let fields = [("csrf", "x/y"), ("email", ""), ("scope.a", "on")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(first.fields, fields);
        assert_eq!(first.buttons, [("answer".to_owned(), "approve".to_owned())]);
        let fields = [("csrf", "x/y"), ("email", "a@b.test"), ("scope.a", "on"), ("confirm", "yes")];
        let changed = first.with("email", "a@b.test").with("confirm", "yes");
        assert_eq!(changed.fields, fields.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!((second.action.as_str(), second.fields.len()), ("/next", 1));
    }

    #[test]
    fn the_text_of_a_page_has_neither_tags_nor_styles() {
        let html = "<style>p{color:red}</style><h1>Hello,\n <bdi>A &amp; B</bdi></h1><svg><path d=''></path></svg>!";
        assert_eq!(text(html), "Hello, A & B !");
    }
}
