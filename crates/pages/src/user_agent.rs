//! A browser in two words, from its `User-Agent` ([RFC 9110 §10.1.5]). That is enough to recognise one's own sessions.
//!
//! [RFC 9110 §10.1.5]: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5

use countersign_web::text::quoted_or;

/// Says, for example, "Firefox on Linux". What is not known is quoted, and cut to 60 characters.
pub(crate) fn browser(user_agent: Option<&str>) -> String {
    let text = user_agent.unwrap_or_default();
    match (first(text, BROWSERS), first(text, SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => quoted_or(text, 60, "Unknown browser"),
    }
}

fn first(text: &str, names: &[(&str, &'static str)]) -> Option<&'static str> {
    names.iter().find(|(token, _)| text.contains(token)).map(|(_, name)| *name)
}

/// The order matters, because each browser also names those that it resembles.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn a_browser_is_named_by_its_own_token() {
        for (user_agent, name) in [
            (Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux"),
            (
                Some(
                    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                ),
                "Edge on Windows",
            ),
            (Some("curl/8.5.0"), "curl"),
            (Some("<script>1</script>"), "“<script>1</script>”"),
            (Some("  "), "Unknown browser"),
            (Some("\u{202E}"), "Unknown browser"),
            (None, "Unknown browser"),
        ] {
            assert_eq!(browser(user_agent), name);
        }
    }
}
