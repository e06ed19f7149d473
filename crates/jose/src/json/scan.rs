//! One pass over a document that checks everything and builds nothing but the list of an object's members.

use std::borrow::Cow;

use super::{JsonError, MAX_DEPTH, number};

/// A checked document: its members if it is an object, `None` otherwise.
pub(crate) struct Scanned<'a> {
    pub(crate) members: Option<Vec<Member<'a>>>,
}

/// A member of the outermost object: its name, unescaped, and the text of its value, already checked.
pub(crate) struct Member<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a str,
}

impl<'a> Member<'a> {
    /// The value if it is a string.
    pub(crate) fn string(&self) -> Option<Cow<'a, str>> {
        let inner = self.value.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str(self.value).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }
}

pub(super) fn scan(text: &str) -> Result<Scanned<'_>, JsonError> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, members: Vec::with_capacity(16) };
    scanner.white_space();
    let is_object = scanner.peek() == Some(b'{');
    scanner.value(0)?;
    let end = scanner.at;
    scanner.white_space();
    if scanner.at != text.len() {
        return Err(JsonError::TrailingBytes { at: end });
    }
    Ok(Scanned { members: is_object.then_some(scanner.members) })
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Members of the objects that are open; those of an inner object are dropped when it ends.
    members: Vec<Member<'a>>,
}

impl<'a> Scanner<'a> {
    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.syntax(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), JsonError> {
        self.open(depth)?;
        let first = self.members.len();
        let mut names = 0;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let at = self.at;
            let name = self.name()?;
            let others = self.members.get(first..).unwrap_or_default();
            if others.len() < FEW && !is_new(&name, &mut names) && others.iter().any(|other| other.name == name) {
                return Err(JsonError::DuplicateMember { at });
            }
            self.white_space();
            if self.peek() != Some(b':') {
                return self.syntax();
            }
            self.at += 1;
            self.white_space();
            let start = self.at;
            self.value(depth + 1)?;
            let value = self.text.get(start..self.at).unwrap_or_default();
            self.members.push(Member { name, value });
            if self.more(b'}')? == More::No {
                break;
            }
        }
        let members = self.members.get(first..).unwrap_or_default();
        if members.len() > FEW && has_duplicates(members) {
            return Err(JsonError::DuplicateMember { at: self.at });
        }
        if depth > 0 {
            self.members.truncate(first);
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.open(depth)?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            if self.more(b']')? == More::No {
                return Ok(());
            }
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth >= MAX_DEPTH {
            return Err(JsonError::TooDeep { at: self.at });
        }
        self.at += 1;
        self.white_space();
        Ok(())
    }

    /// After an element: a comma and the next one, or the end.
    fn more(&mut self, close: u8) -> Result<More, JsonError> {
        self.white_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.white_space();
                Ok(More::Yes)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(More::No)
            }
            _ => self.syntax(),
        }
    }

    fn name(&mut self) -> Result<Cow<'a, str>, JsonError> {
        if self.peek() != Some(b'"') {
            return self.syntax();
        }
        let start = self.at;
        let escapes = self.string()?;
        match escapes {
            Escapes::None => Ok(Cow::Borrowed(self.text.get(start + 1..self.at - 1).unwrap_or_default())),
            Escapes::Some => {
                let quoted = self.text.get(start..self.at).unwrap_or_default();
                serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| JsonError::Syntax { at: start })
            }
        }
    }

    /// Passes a string; `self.at` is at its opening quote.
    fn string(&mut self) -> Result<Escapes, JsonError> {
        self.at += 1;
        let mut escapes = Escapes::None;
        loop {
            self.at += plain_length(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escapes);
                }
                Some(b'\\') => {
                    escapes = Escapes::Some;
                    self.escape()?;
                }
                _ => return self.syntax(),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => match self.code_unit()? {
                0xD800..=0xDBFF => {
                    if self.bytes.get(self.at) != Some(&b'\\') || self.bytes.get(self.at + 1) != Some(&b'u') {
                        return self.syntax();
                    }
                    self.at += 1;
                    match self.code_unit()? {
                        0xDC00..=0xDFFF => Ok(()),
                        _ => self.syntax(),
                    }
                }
                0xDC00..=0xDFFF => self.syntax(),
                _ => Ok(()),
            },
            _ => self.syntax(),
        }
    }

    /// Reads `uXXXX`; `self.at` is at the `u`.
    fn code_unit(&mut self) -> Result<u16, JsonError> {
        let digits = self.text.get(self.at + 1..self.at + 5).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        match unit {
            Some(unit) => {
                self.at += 5;
                Ok(unit)
            }
            None => self.syntax(),
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let digits =
            self.bytes.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let next = self.bytes.get(start + digits);
        if (1..=18).contains(&digits) && self.peek() != Some(b'0') && !matches!(next, Some(b'.' | b'e' | b'E')) {
            self.at += digits;
            return Ok(());
        }
        let rest = self.text.get(start..).unwrap_or_default();
        match number::measure(rest) {
            number::Measured::Exact(length) => {
                self.at += length;
                Ok(())
            }
            number::Measured::Inexact => Err(JsonError::InexactNumber { at: start }),
            number::Measured::Malformed => self.syntax(),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if self.bytes.get(self.at..).unwrap_or_default().starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            self.syntax()
        }
    }

    fn white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn syntax<T>(&self) -> Result<T, JsonError> {
        Err(JsonError::Syntax { at: self.at })
    }
}

#[derive(PartialEq)]
enum More {
    Yes,
    No,
}

#[derive(PartialEq)]
enum Escapes {
    None,
    Some,
}

/// How many bytes pass before a quote, a backslash or a control character. Eight at a time: most of a token is strings.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut rest = bytes;
    let mut length = 0;
    while let Some((eight, tail)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5C);
        let found = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        if found & HIGH != 0 {
            // Only bytes above the first hit can be marked in error.
            return length + usize::try_from((found & HIGH).trailing_zeros() / 8).unwrap_or(8);
        }
        length += 8;
        rest = tail;
    }
    length + rest.iter().take_while(|&&byte| byte != b'"' && byte != b'\\' && byte >= 0x20).count()
}

/// Up to so many members of one object are compared one with another; more are sorted when the object ends, so that a
/// document of thousands of members costs no more than it should.
const FEW: usize = 24;

/// Whether a name is certainly new: its mark among the 64 of `names` has not been set. Sets it.
fn is_new(name: &str, names: &mut u64) -> bool {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    let mark = 1 << ((bytes.len() + usize::from(first) * 5 + usize::from(last) * 11) % 64);
    let new = *names & mark == 0;
    *names |= mark;
    new
}

fn has_duplicates(members: &[Member<'_>]) -> bool {
    let mut names: Vec<&str> = members.iter().map(|member| member.name.as_ref()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}
