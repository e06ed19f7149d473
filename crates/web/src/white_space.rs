//! White space around values of fields: SP and HTAB, and nothing else ([RFC 9110 §5.6.3]).
//!
//! What else looks like white space (a bare CR, a form feed, a no-break space) is part of the value and is judged with it: a
//! reader that passes it over would read another value than the next one.
//!
//! [RFC 9110 §5.6.3]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.3

/// The value without the white space around it.
pub fn trim(text: &str) -> &str {
    text.trim_matches(WHITE_SPACE)
}

/// The same for a value that need not be text.
pub fn trim_bytes(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

const WHITE_SPACE: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_and_tab_are_white_space_and_nothing_else_is() {
        for (text, trimmed) in [
            ("", ""),
            (" \t ", ""),
            ("\t a \tb ", "a \tb"),
            (" \ra\r ", "\ra\r"),
            ("\n\u{b}\u{c}\u{85}\u{a0}\u{2028}\u{3000}", "\n\u{b}\u{c}\u{85}\u{a0}\u{2028}\u{3000}"),
        ] {
            assert_eq!(trim(text), trimmed);
            assert_eq!(trim_bytes(text.as_bytes()), trimmed.as_bytes());
        }
    }
}
