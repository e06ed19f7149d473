//! `pattern`: regular expressions of ECMA-262, run in linear time (JSON Schema Core §6.4).
//!
//! A pattern is read by the grammar that JSON Schema asks for, ECMA-262 with the flag `u`, and written anew in the dialect
//! of the `regex` crate. The two look alike and differ in meaning: `\d`, `\w` and `\b` are of ASCII there and of Unicode
//! here, `.` stops at other characters, `[a&&b]` is three characters there and an intersection here. So nothing is passed
//! on as it stands. What needs backtracking (look-ahead, look-behind, back-references) is refused.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// A compiled pattern. It is searched for, anywhere in a text, unless it anchors itself.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    written: String,
}

/// The longest pattern, in characters.
const LONGEST: usize = 2_000;
/// The largest compiled pattern, in bytes; as much again for what a search remembers.
const COMPILED: usize = 1 << 20;

const DIGITS: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\x0B\x0C\r \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}";

impl Pattern {
    /// # Errors
    /// What cannot be honoured, and what to do instead.
    pub(super) fn compile(pattern: &str) -> Result<Self, String> {
        if pattern.chars().count() > LONGEST {
            return Err(format!("it is longer than {LONGEST} characters"));
        }
        let regex = Translation::of(pattern)?;
        let mut builder = RegexBuilder::new(&regex);
        match builder.size_limit(COMPILED).dfa_size_limit(COMPILED).build() {
            Ok(regex) => Ok(Pattern { regex, written: pattern.to_owned() }),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err("it is too large when compiled; count characters with minLength and maxLength".to_owned())
            }
            Err(_) => Err("it is not a regular expression of ECMA-262 with the flag u".to_owned()),
        }
    }

    /// As the schema has it.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    pub(super) fn is_found_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// What stands before the place that is read: what a quantifier would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Atom,
    NothingToRepeat,
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    written: String,
    before: Before,
    open_groups: usize,
}

/// One member of a class, or one escape.
enum Atom {
    Char(char),
    /// The inside of a class, as `regex` writes it.
    Set {
        inside: String,
        negated: bool,
    },
}

impl<'a> Translation<'a> {
    fn of(pattern: &'a str) -> Result<String, String> {
        let mut translation = Translation {
            rest: pattern.chars().peekable(),
            written: String::new(),
            before: Before::NothingToRepeat,
            open_groups: 0,
        };
        while let Some(next) = translation.rest.next() {
            translation.term(next)?;
        }
        match translation.open_groups {
            0 => Ok(translation.written),
            _ => Err("a group is not closed".to_owned()),
        }
    }

    fn term(&mut self, next: char) -> Result<(), String> {
        match next {
            '|' => self.assertion("|"),
            '^' => self.assertion("^"),
            '$' => self.assertion("$"),
            '(' => self.open_group()?,
            ')' => {
                self.open_groups = self.open_groups.checked_sub(1).ok_or("a ) closes no group")?;
                self.atom(")");
            }
            '.' => self.atom(r"[^\n\r\u{2028}\u{2029}]"),
            '[' => self.class()?,
            '\\' => match self.rest.next_if(|c| matches!(c, 'b' | 'B')) {
                Some(boundary) => self.assertion(if boundary == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" }),
                None => {
                    let escaped = escape(&mut self.rest)?;
                    let written = alone(&escaped);
                    self.atom(&written);
                }
            },
            '*' | '+' | '?' | '{' => self.quantifier(next)?,
            ']' | '}' => return Err(format!("a {next} that is meant as itself is written \\{next}")),
            other => self.atom(&alone(&Atom::Char(other))),
        }
        Ok(())
    }

    fn atom(&mut self, written: &str) {
        self.written.push_str(written);
        self.before = Before::Atom;
    }

    fn assertion(&mut self, written: &str) {
        self.written.push_str(written);
        self.before = Before::NothingToRepeat;
    }

    /// No group is captured, for nothing refers to one.
    fn open_group(&mut self) -> Result<(), String> {
        if self.rest.next_if_eq(&'?').is_some() {
            match (self.rest.next(), self.rest.peek()) {
                (Some(':'), _) => {}
                (Some('='), _) | (Some('!'), _) | (Some('<'), Some('=' | '!')) => {
                    return Err("look-ahead and look-behind need backtracking".to_owned());
                }
                (Some('<'), _) => {
                    let name = until(&mut self.rest, '>')?;
                    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                        return Err("the name of a group is of letters, digits and _".to_owned());
                    }
                }
                _ => return Err("a group begins with (, (?: or (?<name>".to_owned()),
            }
        }
        self.open_groups += 1;
        self.assertion("(?:");
        Ok(())
    }

    /// Greedy or not makes no difference to whether something is found.
    fn quantifier(&mut self, first: char) -> Result<(), String> {
        if self.before == Before::NothingToRepeat {
            return Err(format!("before {first} stands nothing that could be repeated"));
        }
        match first {
            '{' => {
                let inside = until(&mut self.rest, '}')?;
                let (least, most) = inside.split_once(',').unwrap_or((&inside, &inside));
                let number =
                    |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
                let least = number(least).ok_or("a { that is meant as itself is written \\{")?;
                let most = match most {
                    "" => None,
                    most => Some(number(most).filter(|most| *most >= least).ok_or("the numbers in {} do not fit")?),
                };
                match most {
                    Some(most) => write!(self.written, "{{{least},{most}}}"),
                    None => write!(self.written, "{{{least},}}"),
                }
                .map_err(|error| error.to_string())?;
            }
            other => self.written.push(other),
        }
        self.rest.next_if_eq(&'?');
        self.before = Before::NothingToRepeat;
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut inside = String::new();
        loop {
            match class_atom(&mut self.rest)? {
                None => break,
                Some(Atom::Set { inside: set, negated }) => {
                    inside.push_str(&if negated { format!("[^{set}]") } else { set });
                }
                Some(Atom::Char(first)) => {
                    let mut ahead = self.rest.clone();
                    let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
                    inside.push_str(&hexadecimal(first));
                    if is_range {
                        self.rest.next();
                        match class_atom(&mut self.rest)? {
                            Some(Atom::Char(last)) if first <= last => {
                                inside.push('-');
                                inside.push_str(&hexadecimal(last));
                            }
                            _ => return Err("a range in [] does not go from one character up to another".to_owned()),
                        }
                    }
                }
            }
        }
        match (inside.is_empty(), negated) {
            (true, true) => self.atom("(?s:.)"),
            (true, false) => return Err("[] matches nothing".to_owned()),
            (false, _) => self.atom(&format!("[{}{inside}]", if negated { "^" } else { "" })),
        }
        Ok(())
    }
}

/// `None` at the end of the class.
fn class_atom(rest: &mut Peekable<Chars<'_>>) -> Result<Option<Atom>, String> {
    match rest.next() {
        None => Err("a [ is not closed".to_owned()),
        Some(']') => Ok(None),
        Some('\\') => match rest.next_if_eq(&'b') {
            Some(_) => Ok(Some(Atom::Char('\u{8}'))),
            None => escape(rest).map(Some),
        },
        Some(other) => Ok(Some(Atom::Char(other))),
    }
}

/// What follows a backslash, inside and outside of classes.
fn escape(rest: &mut Peekable<Chars<'_>>) -> Result<Atom, String> {
    let set = |inside: &str, negated| Ok(Atom::Set { inside: inside.to_owned(), negated });
    let escaped = rest.next().ok_or("it ends in a \\")?;
    let char = match escaped {
        'd' | 'D' => return set(DIGITS, escaped == 'D'),
        'w' | 'W' => return set(WORD, escaped == 'W'),
        's' | 'S' => return set(SPACE, escaped == 'S'),
        'p' | 'P' => return property(rest, escaped),
        'f' => '\u{C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{B}',
        '0' if !rest.peek().is_some_and(char::is_ascii_digit) => '\0',
        'c' => {
            let letter = rest.next().filter(char::is_ascii_alphabetic).ok_or("\\c is followed by a letter")?;
            char::from(u8::try_from(letter).unwrap_or_default() % 32)
        }
        'x' => character(code(rest, 2)?)?,
        'u' if rest.next_if_eq(&'{').is_some() => {
            let digits = until(rest, '}')?;
            character(hexadecimal_number(&digits).ok_or("\\u{} is filled with hexadecimal digits")?)?
        }
        'u' => utf_16(rest)?,
        // With the flag u only some of them are right, without it all of them are; nobody gives them another meaning.
        other if other.is_ascii_punctuation() || other == ' ' => other,
        '1'..='9' | 'k' => return Err("back-references need backtracking".to_owned()),
        other => return Err(format!("\\{} has no meaning in ECMA-262", other.escape_debug())),
    };
    Ok(Atom::Char(char))
}

fn property(rest: &mut Peekable<Chars<'_>>, escaped: char) -> Result<Atom, String> {
    rest.next_if_eq(&'{').ok_or("\\p is followed by a property in {}")?;
    let name = until(rest, '}')?;
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'=')) {
        return Err("\\p is followed by a property in {}".to_owned());
    }
    Ok(Atom::Set { inside: format!("\\{escaped}{{{name}}}"), negated: false })
}

/// `\uHHHH`, or two of them for one character.
fn utf_16(rest: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    let first = code(rest, 4)?;
    if !(0xD800..0xDC00).contains(&first) {
        return character(first);
    }
    let half = "half of a character is none";
    if (rest.next(), rest.next()) != (Some('\\'), Some('u')) {
        return Err(half.to_owned());
    }
    let second = code(rest, 4)?.checked_sub(0xDC00).filter(|low| *low < 0x400).ok_or(half)?;
    character(0x1_0000 + ((first - 0xD800) << 10) + second)
}

fn code(rest: &mut Peekable<Chars<'_>>, length: usize) -> Result<u32, String> {
    let digits: String = rest.take(length).collect();
    let code = hexadecimal_number(&digits).filter(|_| digits.len() == length);
    code.ok_or_else(|| format!("{length} hexadecimal digits are missing after a \\"))
}

fn hexadecimal_number(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// What stands before the `end`, which is read too.
fn until(rest: &mut Peekable<Chars<'_>>, end: char) -> Result<String, String> {
    let mut inside = String::new();
    loop {
        match rest.next() {
            None => return Err(format!("a {end} is missing")),
            Some(c) if c == end => return Ok(inside),
            Some(c) => inside.push(c),
        }
    }
}

fn character(code: u32) -> Result<char, String> {
    char::from_u32(code).ok_or_else(|| "half of a character is none".to_owned())
}

/// An atom outside of a class.
fn alone(atom: &Atom) -> String {
    match atom {
        Atom::Char(c) => hexadecimal(*c),
        Atom::Set { inside, negated } => format!("[{}{inside}]", if *negated { "^" } else { "" }),
    }
}

/// Letters and digits stand for themselves; everything else might mean something.
fn hexadecimal(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\x{{{:X}}}", u32::from(c)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What differs between the dialects first.
    #[test]
    fn a_pattern_means_what_ecma_262_says() {
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("b", &["b", "abc"], &["", "a"]),
            ("^b", &["b", "bc"], &["ab", "\nb"]),
            ("^b$", &["b"], &["ab", "bc", "b\n", "\nb"]),
            (r"^\d+$", &["0", "42"], &["", "٣", "4a"]),
            (r"^\D$", &["٣", "a", "\n"], &["3", ""]),
            (r"^\w$", &["a", "Z", "_", "0"], &["ä", "-", ""]),
            (r"^\W$", &["ä", "-", "\n"], &["a", "_"]),
            (r"^\s$", &[" ", "\t", "\u{A0}", "\u{FEFF}", "\u{2028}", "\u{3000}"], &["a", "\u{85}", "\u{180E}"]),
            (r"^\S$", &["\u{85}", "a"], &[" ", "\u{FEFF}"]),
            (r"^.$", &["a", "ä", "😀", "\u{85}"], &["\n", "\r", "\u{2028}", "\u{2029}", "", "ab"]),
            (r"\bé", &["aé"], &["é", " é"]),
            (r"^[a&&b]$", &["a", "&", "b"], &["a&&b", "c"]),
            (r"^[a--b]", &[], &[]),
            (r"^[a~~b]$", &["~"], &["c"]),
            (r"^[[:alpha:]\]$", &["[]", ":]", "a]"], &["a", "z]", "]"]),
            (r"^[[a]$", &["[", "a"], &["]"]),
            (r"^[^\d\s]$", &["a", "٣"], &["1", " "]),
            (r"^[\D]$", &["a"], &["1"]),
            (r"^[\w.-]+$", &["a.b-c"], &["a b", ""]),
            (r"^[-a]$", &["-", "a"], &["b"]),
            (r"^[^]$", &["a", "\n"], &[""]),
            (r"^[\b]$", &["\u{8}"], &["b"]),
            (r"^\u0041\x42\u{43}\cJ$", &["ABC\n"], &["ABC"]),
            (r"^\uD83D\uDE00$", &["😀"], &["a"]),
            (r"^\<\>\/\-\@\_\.$", &["<>/-@_."], &["<>/-@_x"]),
            (r"^a#b c$", &["a#b c"], &["a", "abc"]),
            (r"^(?:a|b){2,3}?$", &["ab", "bbb"], &["a", "abab"]),
            (r"^(?<year>\d{4})-(\d{2})$", &["2030-12"], &["203-12", "2030-1"]),
            (r"^a{0}b{2}c{1,}$", &["bbc", "bbccc"], &["abbc", "bb"]),
            (r"^\p{Lu}\P{L}$", &["Ä1"], &["ä1", "ÄA"]),
            (r"^\p{Script=Greek}$", &["λ"], &["l"]),
            ("", &["", "a"], &[]),
            ("a||b", &["", "x"], &[]),
        ];
        for (pattern, found, not_found) in rows {
            let Ok(compiled) = Pattern::compile(pattern) else {
                assert!(found.is_empty() && not_found.is_empty(), "{pattern}");
                continue;
            };
            for text in *found {
                assert!(compiled.is_found_in(text), "{pattern} {text:?}");
            }
            for text in *not_found {
                assert!(!compiled.is_found_in(text), "{pattern} {text:?}");
            }
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_honoured_is_refused_with_a_reason() {
        let too_long = "a".repeat(LONGEST + 1);
        let rows = [
            (r"(?=a)", "look-ahead"),
            (r"a(?!b)", "look-ahead"),
            (r"(?<=a)b", "look-behind"),
            (r"(?<!a)b", "look-behind"),
            (r"(a)\1", "back-references"),
            (r"(?<n>a)\k<n>", "back-references"),
            (r"(?i)a", "begins with"),
            (r"(?i:a)", "begins with"),
            (r"(?P<n>a)", "begins with"),
            (r"(?<n-m>a)", "the name of a group"),
            (r"(?<n", "> is missing"),
            (r"\Aa\z", r"\A has no meaning"),
            (r"a\Z", r"\Z has no meaning"),
            (r"\01", r"\0 has no meaning"),
            (r"\pL", "property in {}"),
            (r"\p{L", "} is missing"),
            (r"\p{Nothing}", "not a regular expression"),
            (r"\x4", "hexadecimal"),
            (r"\x{41}", "hexadecimal"),
            (r"\u{+41}", "hexadecimal"),
            (r"\uD83D", "half of a character"),
            (r"\uD83D\u0041", "half of a character"),
            (r"\u{110000}", "half of a character"),
            (r"\", "ends in a"),
            (r"*a", "nothing that could be repeated"),
            (r"a**", "nothing that could be repeated"),
            (r"^*", "nothing that could be repeated"),
            (r"a{2}{3}", "nothing that could be repeated"),
            (r"(a|*)", "nothing that could be repeated"),
            (r"a{,5}", "is written"),
            (r"a{b}", "is written"),
            (r"a{3,2}", "do not fit"),
            (r"a{2", "} is missing"),
            (r"a}", "is written"),
            (r"a]", "is written"),
            (r"[[:alpha:]]", "is written"),
            (r"[]", "matches nothing"),
            (r"[a", "not closed"),
            (r"[b-a]", "range"),
            (r"[a-\d]", "range"),
            (r"(a", "not closed"),
            (r"a)", "closes no group"),
            (r"(?:(?:(?:a{100}){100}){100})", "too large"),
            (r"^\p{L}{2000}$", "too large"),
            (&too_long, "longer than"),
        ];
        for (pattern, reason) in rows {
            let error = Pattern::compile(pattern).unwrap_err();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }

    /// Each of these takes a backtracking engine longer than the universe has.
    #[test]
    fn no_text_makes_a_pattern_slow() {
        for (pattern, text) in [
            (r"^(a+)+$", "a".repeat(60_000) + "!"),
            (r"^(a|a)*$", "a".repeat(60_000) + "!"),
            (r"(x+x+)+y", "x".repeat(60_000)),
            (r"^(\w+\s?)*$", "word ".repeat(12_000) + "!"),
            (r"(a|b)*a(a|b){60}c", "ab".repeat(30_000)),
        ] {
            assert!(!Pattern::compile(pattern).unwrap().is_found_in(&text), "{pattern}");
        }
    }
}
