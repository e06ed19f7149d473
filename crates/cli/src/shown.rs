//! Foreign text on a terminal: printed, not obeyed.
//!
//! Control characters start escape sequences, and characters that turn the direction of writing or that nobody sees make
//! text look like another. All of them are written as escapes.

use std::path::Path;

use serde::Serialize;

/// Text with every character escaped that a terminal would act on or not show.
pub(crate) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A path in a message. What looks like a token was meant to be one, and is not repeated.
pub(crate) fn path(path: &Path) -> String {
    let name = path.to_string_lossy();
    if looks_like_token(&name) { "the file that was named".to_owned() } else { text(&name) }
}

/// Whether a token is in it.
pub(crate) fn looks_like_token(name: &str) -> bool {
    token_in(name).is_some()
}

/// Three or more segments of which the first starts an object, whatever a path or an option has put before them.
pub(crate) fn token_in(argument: &str) -> Option<&str> {
    argument.find("eyJ").and_then(|at| argument.get(at..)).filter(|token| token.matches('.').count() >= 2)
}

/// JSON in one line, with the same characters escaped as `\uXXXX`.
pub(crate) fn json(value: &impl Serialize) -> String {
    escape_json(&serde_json::to_string(value).unwrap_or_default())
}

/// JSON over several lines, with the same characters escaped as `\uXXXX`.
pub(crate) fn pretty_json(value: &impl Serialize) -> String {
    escape_json(&serde_json::to_string_pretty(value).unwrap_or_default())
}

/// Such a character can only stand in a string, where an escape means the same; line ends are those of the layout.
fn escape_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Controls (C0, DEL, C1), marks of direction, and what takes no room.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        for c in ['\u{1b}', '\u{7}', '\r', '\n', '\u{7f}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}'] {
            let shown = text(&format!("a{c}b"));
            assert!(!shown.contains(c) && shown.starts_with("a\\u{"), "{shown}");
            let json = json(&format!("a{c}b"));
            assert!(!json.contains(c), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), format!("a{c}b"));
        }
        assert_eq!(text("Zoë 漢字 🦀"), "Zoë 漢字 🦀");
    }
}
