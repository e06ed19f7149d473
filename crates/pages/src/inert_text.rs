//! Text that a stranger chose, made fit to be shown as a quotation: one line, of bounded length, without characters that
//! reorder, hide or imitate what stands around it.

/// Cleans `text` and cuts it after `limit` characters. Escaping is the template's part.
pub fn inert_text(text: &str, limit: usize) -> String {
    let mut clean = String::new();
    let mut length = 0;
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    for word in words {
        if !clean.is_empty() {
            clean.push(' ');
            length += 1;
        }
        for c in word.chars().filter(|&c| is_visible(c)) {
            if length >= limit {
                clean.truncate(clean.trim_end().len());
                clean.push('…');
                return clean;
            }
            clean.push(c);
            length += 1;
        }
    }
    clean.truncate(clean.trim_end().len());
    clean
}

/// Not one of the characters that change direction (U+202E and its kin), have no width, or are tags.
fn is_visible(c: char) -> bool {
    !matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::inert_text;

    /// ATK-508.
    #[test]
    fn text_of_strangers_is_one_line_without_hidden_or_reordering_characters() {
        for (text, shown) in [
            ("Inbox Helper", "Inbox Helper"),
            ("  a \r\n\t b  ", "a b"),
            ("exe\u{202E}fdp.moc", "exefdp.moc"),
            ("a\u{200B}\u{2066}b\u{FEFF}\u{E0041}", "ab"),
            ("a\u{0000}b", "a b"),
            ("\u{202E}", ""),
            ("naïve 日本語", "naïve 日本語"),
        ] {
            assert_eq!(inert_text(text, 40), shown, "{text:?}");
        }
    }

    #[test]
    fn text_of_strangers_is_cut_at_the_limit() {
        assert_eq!(inert_text("abcdef", 6), "abcdef");
        assert_eq!(inert_text("abcdefg", 6), "abcdef…");
        assert_eq!(inert_text("日本語日本語", 3), "日本語…");
        assert_eq!(inert_text("ab cd", 2), "ab…");
    }
}
