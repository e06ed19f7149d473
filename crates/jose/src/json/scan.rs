//! One pass over a document that checks everything and builds nothing but the list of an object's members.

use std::borrow::Cow;
use std::ops::Range;

use super::{JsonError, MAX_DEPTH, number};

/// A member of the outermost object, already checked: where its name and its value stand in the document. Places and not
/// slices, so that whoever owns the document can keep its members beside it.
pub(crate) struct Member {
    name: Range<usize>,
    /// The name, where it was written with escapes.
    unescaped: Option<Box<str>>,
    value: Range<usize>,
    form: Form,
}

impl Member {
    /// The name, unescaped.
    pub(crate) fn name<'a>(&'a self, document: &'a str) -> &'a str {
        match &self.unescaped {
            None => document.get(self.name.clone()).unwrap_or_default(),
            Some(name) => name,
        }
    }

    /// The text of the value.
    pub(crate) fn value<'a>(&self, document: &'a str) -> &'a str {
        document.get(self.value.clone()).unwrap_or_default()
    }

    /// Where the content of the value stands, if it is a string that was written without escapes.
    pub(crate) fn plain(&self) -> Option<Range<usize>> {
        matches!(self.form, Form::PlainString).then(|| self.value.start + 1..self.value.end - 1)
    }

    /// The value if it is a string.
    pub(crate) fn string<'a>(&self, document: &'a str) -> Option<Cow<'a, str>> {
        match self.form {
            Form::PlainString => self.plain().and_then(|place| document.get(place)).map(Cow::Borrowed),
            Form::EscapedString => serde_json::from_str(self.value(document)).ok().map(Cow::Owned),
            Form::Other => None,
        }
    }
}

/// Checks a document; its members if it is an object, `None` otherwise.
pub(super) fn scan(text: &str) -> Result<Option<Vec<Member>>, JsonError> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, members: Vec::with_capacity(16) };
    scanner.white_space();
    let is_object = scanner.peek() == Some(b'{');
    if let Err(stop) = scanner.value(0) {
        return Err(stop.at(scanner.at));
    }
    let end = scanner.at;
    scanner.white_space();
    if scanner.at != text.len() {
        return Err(JsonError::TrailingBytes { at: end });
    }
    Ok(is_object.then_some(scanner.members))
}

/// The elements of an array that has been checked: the text of each, and its form.
pub(super) struct Elements<'a>(Scanner<'a>);

impl<'a> Elements<'a> {
    /// `array` is the text of one value, without white space around it; of any but an array there are no elements.
    pub(super) fn of(array: &'a str) -> Self {
        Elements(Scanner { text: array, bytes: array.as_bytes(), at: 0, members: Vec::new() })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = (&'a str, Form);

    fn next(&mut self) -> Option<Self::Item> {
        let scanner = &mut self.0;
        if !matches!(scanner.peek(), Some(b'[' | b',')) {
            return None;
        }
        scanner.at += 1;
        scanner.white_space();
        let start = scanner.at;
        // The bracket of an empty array is no value.
        let form = scanner.value(0).ok()?;
        let element = scanner.text_from(start);
        scanner.white_space();
        Some((element, form))
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// The next byte; when scanning stops, the offending one.
    at: usize,
    /// Members of the objects that are open; those of an inner object are dropped when it ends.
    members: Vec<Member>,
}

/// Why scanning stopped, at `Scanner::at`. Small, since every step returns one.
#[derive(Clone, Copy)]
enum Stop {
    DuplicateMember,
    InexactNumber,
    ReservedMember,
    Syntax,
    TooDeep,
}

impl Stop {
    fn at(self, at: usize) -> JsonError {
        match self {
            Stop::DuplicateMember => JsonError::DuplicateMember { at },
            Stop::InexactNumber => JsonError::InexactNumber { at },
            Stop::ReservedMember => JsonError::ReservedMember { at },
            Stop::Syntax => JsonError::Syntax { at },
            Stop::TooDeep => JsonError::TooDeep { at },
        }
    }
}

impl<'a> Scanner<'a> {
    /// Passes a value, and says how it is written.
    #[inline(always)]
    fn value(&mut self, depth: usize) -> Result<Form, Stop> {
        if self.peek() == Some(b'"') {
            return self.string();
        }
        self.value_but_string(depth)?;
        Ok(Form::Other)
    }

    fn value_but_string(&mut self, depth: usize) -> Result<(), Stop> {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(Stop::Syntax),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Stop> {
        self.open(depth)?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let first = self.members.len();
        let mut names = Marks::default();
        loop {
            let (name, unescaped) = self.name(first, &mut names)?;
            self.white_space();
            if self.peek() != Some(b':') {
                return Err(Stop::Syntax);
            }
            self.at += 1;
            self.white_space();
            let start = self.at;
            let form = self.value(depth + 1)?;
            self.members.push(Member { name, unescaped, value: start..self.at, form });
            if self.more(b'}')? == More::No {
                break;
            }
        }
        let members = self.members.get(first..).unwrap_or_default();
        if members.len() > FEW && has_duplicates(self.text, members) {
            return Err(Stop::DuplicateMember);
        }
        if depth > 0 {
            self.members.truncate(first);
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Stop> {
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

    fn open(&mut self, depth: usize) -> Result<(), Stop> {
        if depth >= MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        self.at += 1;
        self.white_space();
        Ok(())
    }

    /// After an element: a comma and the next one, or the end.
    fn more(&mut self, close: u8) -> Result<More, Stop> {
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
            _ => Err(Stop::Syntax),
        }
    }

    /// Passes a member's name, which must be new among the members from `first` on; `names` marks those.
    #[inline(always)]
    fn name(&mut self, first: usize, names: &mut Marks) -> Result<(Range<usize>, Option<Box<str>>), Stop> {
        if self.peek() != Some(b'"') {
            return Err(Stop::Syntax);
        }
        let start = self.at;
        let unescaped: Option<Box<str>> = match self.string()? {
            Form::PlainString => None,
            _ => Some(serde_json::from_str(self.text_from(start)).map_err(|_| Stop::Syntax)?),
        };
        let place = start + 1..self.at - 1;
        let name = match &unescaped {
            None => self.bytes.get(place.clone()).unwrap_or_default(),
            Some(name) => name.as_bytes(),
        };
        if is_reserved(name) {
            self.at = start;
            return Err(Stop::ReservedMember);
        }
        if !names.is_new(name) {
            let others = self.members.get(first..).unwrap_or_default();
            if others.len() < FEW && others.iter().any(|other| other.name(self.text).as_bytes() == name) {
                self.at = start;
                return Err(Stop::DuplicateMember);
            }
        }
        Ok((place, unescaped))
    }

    /// Passes a string; `self.at` is at its opening quote.
    #[inline(always)]
    fn string(&mut self) -> Result<Form, Stop> {
        self.at = plain_end(self.bytes, self.at + 1);
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Form::PlainString);
        }
        self.string_with_escapes()
    }

    /// Passes the rest of a string, from its first escape on.
    #[cold]
    fn string_with_escapes(&mut self) -> Result<Form, Stop> {
        while self.peek() == Some(b'\\') {
            self.escape()?;
            self.at = plain_end(self.bytes, self.at);
        }
        if self.peek() != Some(b'"') {
            return Err(Stop::Syntax);
        }
        self.at += 1;
        Ok(Form::EscapedString)
    }

    fn escape(&mut self) -> Result<(), Stop> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => match self.code_unit()? {
                0xD800..=0xDBFF => {
                    if self.bytes.get(self.at) != Some(&b'\\') || self.bytes.get(self.at + 1) != Some(&b'u') {
                        return Err(Stop::Syntax);
                    }
                    self.at += 1;
                    match self.code_unit()? {
                        0xDC00..=0xDFFF => Ok(()),
                        _ => Err(Stop::Syntax),
                    }
                }
                0xDC00..=0xDFFF => Err(Stop::Syntax),
                _ => Ok(()),
            },
            _ => Err(Stop::Syntax),
        }
    }

    /// Reads `uXXXX`; `self.at` is at the `u`.
    fn code_unit(&mut self) -> Result<u16, Stop> {
        let digits = self.text.get(self.at + 1..self.at + 5).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or(Stop::Syntax)?;
        self.at += 5;
        Ok(unit)
    }

    fn number(&mut self) -> Result<(), Stop> {
        // Most numbers are dates: digits alone, few enough for any reader.
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if (1..=18).contains(&digits)
            && rest.first() != Some(&b'0')
            && !matches!(rest.get(digits), Some(b'.' | b'e' | b'E'))
        {
            self.at += digits;
            return Ok(());
        }
        match number::measure(self.text.get(self.at..).unwrap_or_default()) {
            number::Measured::Exact(length) => {
                self.at += length;
                Ok(())
            }
            number::Measured::Inexact => Err(Stop::InexactNumber),
            number::Measured::Malformed => Err(Stop::Syntax),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Stop> {
        if !self.bytes.get(self.at..).unwrap_or_default().starts_with(word.as_bytes()) {
            return Err(Stop::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    #[inline(always)]
    fn white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn text_from(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }
}

#[derive(PartialEq)]
enum More {
    Yes,
    No,
}

/// How a value is written, as far as it matters to whoever reads it.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A string whose content is what stands between the quotes.
    PlainString,
    EscapedString,
    Other,
}

/// Where the next quote, backslash or control character stands, or the end. Eight at a time: most of a token is strings.
#[inline(always)]
pub(crate) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        // Flipping this bit puts the quote next to the control characters: one comparison finds both.
        let flipped = word ^ (ONES * 0x02);
        let backslash = word ^ (ONES * 0x5C);
        let found = (flipped.wrapping_sub(ONES * 0x21) & !flipped) | (backslash.wrapping_sub(ONES) & !backslash);
        if found & HIGH != 0 {
            // Only bytes above the first hit can be marked in error.
            return at + usize::try_from((found & HIGH).trailing_zeros() / 8).unwrap_or(8);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|&&byte| byte != b'"' && byte != b'\\' && byte >= 0x20).count()
}

/// Up to so many members of one object are compared one with another; more are sorted when the object ends, so that a
/// document of thousands of members costs no more than it should.
const FEW: usize = 24;

/// One mark of 256 for each name of an object: two names with different marks are different.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks([u64; 4]);

impl Marks {
    /// Whether a name is certainly new: its mark has not been set. Sets it.
    #[inline(always)]
    pub(super) fn is_new(&mut self, name: &[u8]) -> bool {
        let byte = |byte: Option<&u8>| byte.copied().map_or(0, usize::from);
        // Such factors that two names that are common in tokens hardly ever share a mark.
        let mark = name.len() + byte(name.first()) * 5 + byte(name.get(1)) * 41 + byte(name.last()) * 7;
        let Some(marks) = self.0.get_mut(mark / 64 % 4) else { return false };
        let bit = 1 << (mark % 64);
        let new = *marks & bit == 0;
        *marks |= bit;
        new
    }
}

/// `serde_json` marks text and numbers of its own by such names, and reads an object that begins with one as what the text
/// in it says, which nobody has checked.
#[inline(always)]
pub(super) fn is_reserved(name: &[u8]) -> bool {
    name.first() == Some(&b'$') && name.starts_with(b"$serde_json::private::")
}

fn has_duplicates(text: &str, members: &[Member]) -> bool {
    let mut names: Vec<&str> = members.iter().map(|member| member.name(text)).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}
