//! What a character is to a reader, by the properties of [UAX #44].
//!
//! [UAX #44]: https://www.unicode.org/reports/tr44/

use std::fmt::Write;

use icu_properties::props::{
    BidiClass, BidiControl, BidiMirrored, CanonicalCombiningClass, DefaultIgnorableCodePoint, ExtendedPictographic,
    GeneralCategory, JoiningType, PrependedConcatenationMark, QuotationMark,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// What a reader sees of a character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Appearance {
    /// Something of its own.
    Shown,
    /// A mark on the character before it.
    Mark,
    /// A gap: spaces, line breaks, control characters, and characters that are drawn blank.
    Gap,
    /// Nothing, or nothing certain: invisible characters, directions, tags, private use, non-characters, characters that
    /// are not assigned yet, and U+FFFC and U+FFFD, which stand for what could not be shown.
    Hidden,
}

impl Appearance {
    pub(super) fn of(c: char) -> Self {
        use GeneralCategory as Category;
        if BLANK.contains(&c) {
            return Appearance::Gap;
        }
        if c == OBJECT || c == char::REPLACEMENT_CHARACTER || is_ignorable(c) {
            return Appearance::Hidden;
        }
        match CodePointMapData::<GeneralCategory>::new().get(c) {
            Category::Control | Category::LineSeparator | Category::ParagraphSeparator | Category::SpaceSeparator => {
                Appearance::Gap
            }
            Category::PrivateUse | Category::Surrogate | Category::Unassigned => Appearance::Hidden,
            // Most format characters are not seen. Those before numbers, as of Arabic, are.
            Category::Format if CodePointSetData::new::<PrependedConcatenationMark>().contains(c) => Appearance::Shown,
            Category::Format => Appearance::Hidden,
            Category::NonspacingMark | Category::EnclosingMark => Appearance::Mark,
            _ => Appearance::Shown,
        }
    }
}

/// Drawn as nothing or as a change of direction.
fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || CodePointSetData::new::<BidiControl>().contains(c)
}

/// Which way letters run; `None` for what takes the direction of its neighbours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    LeftToRight,
    RightToLeft,
}

impl Direction {
    /// Digits count as left to right: they run so, in whatever script.
    pub(super) fn of(c: char) -> Option<Self> {
        match CodePointMapData::<BidiClass>::new().get(c) {
            BidiClass::LeftToRight | BidiClass::EuropeanNumber | BidiClass::ArabicNumber => {
                Some(Direction::LeftToRight)
            }
            BidiClass::RightToLeft | BidiClass::ArabicLetter => Some(Direction::RightToLeft),
            _ => None,
        }
    }
}

pub(super) fn is_pictograph(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

/// A virama: it joins the consonants of Indic scripts.
pub(super) fn is_virama(c: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Virama
}

/// A mark that is struck through its letter.
pub(super) fn is_overlay(c: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Overlay
}

/// How letters of cursive scripts connect.
pub(super) fn joining_type(c: char) -> JoiningType {
    CodePointMapData::<JoiningType>::new().get(c)
}

/// Whether it could be taken for the end of a quotation of ours, as `”` and `〞` could. Not single ones, nor those that are
/// mirrored where the text runs from right to left: `«`, `「`.
pub(super) fn ends_quotation(c: char) -> bool {
    CodePointSetData::new::<QuotationMark>().contains(c)
        && !CodePointSetData::new::<BidiMirrored>().contains(c)
        && !SINGLE_QUOTES.contains(&c)
        && c != '"'
}

/// Writes a character by its number, `\u{200B}`.
pub(super) fn by_number(text: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\\u{{{:X}}}", u32::from(c));
}

pub(super) const ZERO_WIDTH_JOINER: char = '\u{200D}';
pub(super) const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
/// Asks for the coloured form of the character before it.
pub(super) const EMOJI_STYLE: char = '\u{FE0F}';
/// Makes a key of the digit before it.
pub(super) const KEYCAP: char = '\u{20E3}';
/// The five skin tones.
pub(super) const SKIN_TONES: std::ops::RangeInclusive<char> = '\u{1F3FB}'..='\u{1F3FF}';

/// What a text that was cut ends in.
pub(super) const CUT: char = '…';

const SINGLE_QUOTES: [char; 5] = ['\'', '‘', '’', '‚', '‛'];
const OBJECT: char = '\u{FFFC}';
/// Blank although their properties say symbol, letter or mark: Braille without dots, the null notehead, the blanks of
/// Egyptian, the Khitan filler.
const BLANK: [char; 5] = ['\u{2800}', '\u{1D159}', '\u{13441}', '\u{13442}', '\u{16FE4}'];
