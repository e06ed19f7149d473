//! Text from agents and hosts that people will read ([Agent Auth §8.10]): names and reasons, cleaned and bounded.

use serde::{Deserialize, Serialize};

/// Text without control characters, line breaks, invisible characters or writing-direction marks, at most so many
/// characters long. It is still text of a stranger: pages escape it and show it as a quotation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct DisplayText(String);

impl DisplayText {
    /// The longest name of an agent or host, in characters.
    pub(crate) const NAME: usize = 200;
    /// The longest reason, in characters.
    pub(crate) const REASON: usize = 500;

    /// The text, cleaned, and cut after `limit` characters.
    pub(crate) fn cut(text: &str, limit: usize) -> Self {
        let cleaned: String =
            text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| is_shown(*c)).collect();
        let mut words = cleaned.split(' ').filter(|word| !word.is_empty());
        let mut joined = words.next().unwrap_or_default().to_owned();
        for word in words {
            joined.push(' ');
            joined.push_str(word);
        }
        DisplayText(joined.chars().take(limit).collect())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<DisplayText> for String {
    fn from(text: DisplayText) -> String {
        text.0
    }
}

/// Neither a control character, nor one that is invisible or turns the direction of writing, nor one without a meaning
/// of its own (private use, non-characters).
fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{3164}' | '\u{FFA0}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFF0}'..='\u{FFFF}'
            | '\u{E000}'..='\u{F8FF}'
            | '\u{E0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ATK-508.
    #[test]
    fn what_could_deceive_a_reader_is_taken_out() {
        for (written, shown) in [
            ("Bill payer", "Bill payer"),
            ("  two\n lines\t", "two lines"),
            ("safe\u{202E}gnp.exe", "safegnp.exe"),
            ("a\u{200B}b\u{2066}c\u{FEFF}", "abc"),
            ("\u{0}\u{7}\u{1b}[31m", "[31m"),
            ("\u{2028}\u{2029}", ""),
            ("Zoë 東京 ✓", "Zoë 東京 ✓"),
        ] {
            assert_eq!(DisplayText::cut(written, 200).as_str(), shown);
        }
        assert_eq!(DisplayText::cut(&"ä".repeat(300), 200).as_str().chars().count(), 200);
    }
}
