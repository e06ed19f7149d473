//! The head of a request: request line and fields ([RFC 9112 §3], [RFC 9112 §5], [RFC 9112 §6]).
//!
//! [RFC 9112 §3]: https://www.rfc-editor.org/rfc/rfc9112#section-3
//! [RFC 9112 §5]: https://www.rfc-editor.org/rfc/rfc9112#section-5
//! [RFC 9112 §6]: https://www.rfc-editor.org/rfc/rfc9112#section-6

use http::StatusCode;

use super::body::Body;
use crate::white_space::trim_bytes;

/// The most that a head may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// How many bytes, the empty line included.
    pub bytes: usize,
    /// How many fields.
    pub fields: usize,
}

impl Default for Bounds {
    /// 16 KiB and 64 fields: within what each framework reads.
    fn default() -> Self {
        Bounds { bytes: 16 * 1024, fields: 64 }
    }
}

/// A head that can be read in one way only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The same head, without what asks for another protocol.
    pub bytes: Vec<u8>,
    /// How long the body is.
    pub body: Body,
}

/// Why a head is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeadRefusal {
    /// A line, a name or a value has bytes that it must not have.
    #[error("the request is not HTTP/1.1")]
    Malformed,
    /// No `Host`, two, or none that names a host.
    #[error("the request must have one Host")]
    Host,
    /// Two lengths, a length beside a transfer coding, or a coding that is not `chunked`.
    #[error("the length of the body is ambiguous")]
    Length,
    /// The target is on another host, or no resource.
    #[error("the target of the request is not here")]
    Target,
    /// Too many fields, or too long.
    #[error("the head of the request is too long")]
    TooLarge,
}

impl HeadRefusal {
    /// The status of the answer: 400 or 431.
    pub fn status(self) -> StatusCode {
        match self {
            HeadRefusal::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            HeadRefusal::Malformed | HeadRefusal::Host | HeadRefusal::Length | HeadRefusal::Target => {
                StatusCode::BAD_REQUEST
            }
        }
    }
}

/// How many bytes of `input` are a head; `None` where its end has not come yet.
///
/// # Errors
/// [`HeadRefusal::TooLarge`]; [`HeadRefusal::Malformed`] as soon as a line ends in a bare LF.
pub fn find_end(input: &[u8], bounds: Bounds) -> Result<Option<usize>, HeadRefusal> {
    let end = input.windows(END.len()).position(|window| window == END).map(|start| start + END.len());
    let head = input.get(..end.unwrap_or(input.len())).unwrap_or_default();
    if head.len() > bounds.bytes || (end.is_none() && head.len() == bounds.bytes) {
        return Err(HeadRefusal::TooLarge);
    }
    let bare = head.iter().enumerate().any(|(place, byte)| {
        *byte == b'\n' && place.checked_sub(1).and_then(|before| head.get(before)) != Some(&b'\r')
    });
    if bare { Err(HeadRefusal::Malformed) } else { Ok(end) }
}

impl Head {
    /// Reads a whole head, up to and with the empty line.
    ///
    /// # Errors
    /// [`HeadRefusal`].
    pub fn parse(input: &[u8], bounds: Bounds) -> Result<Self, HeadRefusal> {
        if input.len() > bounds.bytes {
            return Err(HeadRefusal::TooLarge);
        }
        let text = input.strip_suffix(END).ok_or(HeadRefusal::Malformed)?;
        let mut lines = Lines(Some(text));
        let request_line = lines.next().ok_or(HeadRefusal::Malformed)?;
        let line = RequestLine::parse(request_line)?;
        let mut fields = Fields::default();
        let mut bytes = request_line.to_vec();
        bytes.extend(CRLF);
        for (count, field) in lines.enumerate() {
            if count >= bounds.fields {
                return Err(HeadRefusal::TooLarge);
            }
            let (name, value) = field_of(field)?;
            fields.take(name, value)?;
            match passed_on(name, value) {
                None => {}
                Some(value) => bytes.extend([name, b": ", &value, CRLF].concat()),
            }
        }
        bytes.extend(CRLF);
        fields.check_host(&line)?;
        Ok(Head { bytes, body: fields.body(&line)? })
    }
}

/// The lines of a head. A CR or LF within one is refused where the line is read.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.0.take()?;
        match text.windows(CRLF.len()).position(|window| window == CRLF) {
            Some(end) => {
                self.0 = text.get(end + CRLF.len()..);
                text.get(..end)
            }
            None => Some(text),
        }
    }
}

struct RequestLine<'a> {
    method: &'a [u8],
    target: &'a [u8],
    version: Version,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

impl<'a> RequestLine<'a> {
    fn parse(line: &'a [u8]) -> Result<Self, HeadRefusal> {
        let mut parts = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(HeadRefusal::Malformed);
        };
        let version = match version {
            b"HTTP/1.1" => Version::Http11,
            b"HTTP/1.0" => Version::Http10,
            _ => return Err(HeadRefusal::Malformed),
        };
        if !is_token(method) || target.is_empty() || !target.iter().all(u8::is_ascii_graphic) || target.contains(&b'#')
        {
            return Err(HeadRefusal::Malformed);
        }
        Ok(RequestLine { method, target, version })
    }

    /// The authority of a target in absolute form; `None` for one in origin form.
    fn authority(&self) -> Result<Option<&'a [u8]>, HeadRefusal> {
        if self.method == b"CONNECT" {
            return Err(HeadRefusal::Target);
        }
        if self.target.starts_with(b"/") || (self.target == b"*" && self.method == b"OPTIONS") {
            return Ok(None);
        }
        let scheme = [&b"http://"[..], b"https://"]
            .into_iter()
            .find(|scheme| self.target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let rest = scheme.and_then(|scheme| self.target.get(scheme.len()..)).ok_or(HeadRefusal::Target)?;
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
        rest.get(..end).map(Some).ok_or(HeadRefusal::Target)
    }
}

/// What the fields say that framing depends on.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    chunked: bool,
}

impl<'a> Fields<'a> {
    fn take(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), HeadRefusal> {
        if name.eq_ignore_ascii_case(b"host") {
            if self.host.replace(value).is_some() {
                return Err(HeadRefusal::Host);
            }
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
            if self.length.replace(length.ok_or(HeadRefusal::Length)?).is_some() {
                return Err(HeadRefusal::Length);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(HeadRefusal::Length);
            }
            self.chunked = true;
        }
        Ok(())
    }

    fn check_host(&self, line: &RequestLine<'_>) -> Result<(), HeadRefusal> {
        let authority = line.authority()?;
        match (self.host, line.version) {
            (Some(host), _) if !is_host(host) => Err(HeadRefusal::Host),
            (None, Version::Http11) => Err(HeadRefusal::Host),
            (host, _) => match authority {
                Some(authority) if !host.is_some_and(|host| host.eq_ignore_ascii_case(authority)) => {
                    Err(HeadRefusal::Target)
                }
                _ => Ok(()),
            },
        }
    }

    fn body(&self, line: &RequestLine<'_>) -> Result<Body, HeadRefusal> {
        match (self.length, self.chunked) {
            (Some(_), true) => Err(HeadRefusal::Length),
            (None, true) if line.version == Version::Http10 => Err(HeadRefusal::Length),
            (None, true) => Ok(Body::chunked()),
            (length, false) => Ok(Body::of_length(length.unwrap_or(0))),
        }
    }
}

fn field_of(line: &[u8]) -> Result<(&[u8], &[u8]), HeadRefusal> {
    let colon = line.iter().position(|byte| *byte == b':').ok_or(HeadRefusal::Malformed)?;
    let (name, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
    let is_text = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    if is_token(name) && value.iter().all(is_text) {
        Ok((name, trim_bytes(value)))
    } else {
        Err(HeadRefusal::Malformed)
    }
}

/// What the framework is told of a field. Whoever asks for another protocol goes on with this one ([RFC 9110 §7.8]).
///
/// [RFC 9110 §7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
fn passed_on(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    if name.eq_ignore_ascii_case(b"upgrade") || name.eq_ignore_ascii_case(b"http2-settings") {
        return None;
    }
    if !name.eq_ignore_ascii_case(b"connection") {
        return Some(value.to_vec());
    }
    let options: Vec<&[u8]> = value
        .split(|byte| *byte == b',')
        .map(trim_bytes)
        .filter(|option| !option.is_empty())
        .filter(|option| !option.eq_ignore_ascii_case(b"upgrade") && !option.eq_ignore_ascii_case(b"http2-settings"))
        .collect();
    (!options.is_empty()).then(|| options.join(&b", "[..]))
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// A host and perhaps a port, without user, path, list or white space.
fn is_host(host: &[u8]) -> bool {
    !host.is_empty() && host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%:[]!$&'()*+;=".contains(byte))
}

const CRLF: &[u8] = b"\r\n";
const END: &[u8] = b"\r\n\r\n";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(head: &str) -> Result<Head, HeadRefusal> {
        Head::parse(head.as_bytes(), Bounds::default())
    }

    #[test]
    fn a_head_that_reads_in_one_way_passes() {
        for (head, body) in [
            ("GET / HTTP/1.1\r\nHost: as.test\r\n\r\n", Body::of_length(0)),
            ("GET /a?b=c%20d HTTP/1.1\r\nhost:as.test:8443\r\nX-Empty:\r\nX: a\tb \r\n\r\n", Body::of_length(0)),
            ("POST / HTTP/1.1\r\nHost: [::1]:3000\r\nContent-Length: 5\r\n\r\n", Body::of_length(5)),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:  Chunked\r\n\r\n", Body::chunked()),
            ("GET http://AS.test/a HTTP/1.1\r\nHost: as.test\r\n\r\n", Body::of_length(0)),
            ("OPTIONS * HTTP/1.1\r\nHost: as.test\r\n\r\n", Body::of_length(0)),
            ("GET / HTTP/1.0\r\n\r\n", Body::of_length(0)),
        ] {
            assert_eq!(parse(head).map(|head| head.body), Ok(body), "{head:?}");
        }
    }

    #[test]
    fn a_head_that_two_readers_may_read_differently_is_refused() {
        use HeadRefusal::{Host, Length, Malformed, Target};
        for (head, refusal) in [
            ("GET / HTTP/1.1\r\n\r\n", Host),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Host),
            ("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", Host),
            ("GET / HTTP/1.1\r\nHost:\r\n\r\n", Host),
            ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Host),
            ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", Host),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Host),
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Host),
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: \ra\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\u{c}\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\nX:\r\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{b}a\r\n\r\n", Malformed),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r1\r\n\r\n", Malformed),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \rchunked\r\n\r\n", Malformed),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\u{c}\r\n\r\n", Malformed),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\u{a0}\r\n\r\n", Length),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close,\u{c}upgrade\r\n\r\n", Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", Malformed),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
            ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Malformed),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Malformed),
            ("GET /ü HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
            ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
            ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", Length),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\u{b}: chunked\r\n\r\n", Malformed),
            ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", Length),
            ("GET http://evil.test/ HTTP/1.1\r\nHost: a\r\n\r\n", Target),
            ("GET http://a@evil.test/ HTTP/1.1\r\nHost: a\r\n\r\n", Target),
            ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Target),
            ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", Target),
            ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", Target),
            ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", Target),
        ] {
            assert_eq!(parse(head), Err(refusal), "{head:?}");
        }
    }

    #[test]
    fn number_and_size_of_fields_are_bounded() {
        let many = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(count - 1));
        assert!(parse(&many(64)).is_ok());
        assert_eq!(parse(&many(65)), Err(HeadRefusal::TooLarge));
        let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(16 * 1024));
        assert_eq!(parse(&long), Err(HeadRefusal::TooLarge));
        assert_eq!(find_end(long.as_bytes(), Bounds::default()), Err(HeadRefusal::TooLarge));
        assert_eq!(find_end(&[b'a'; 16 * 1024], Bounds::default()), Err(HeadRefusal::TooLarge));
    }

    #[test]
    fn the_end_of_a_head_is_an_empty_line() {
        let end = |input: &[u8]| find_end(input, Bounds::default());
        assert_eq!(end(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"), Ok(Some(27)));
        assert_eq!(end(b"GET / HTTP/1.1\r\nHost: a\r\n\r"), Ok(None));
        assert_eq!(end(b"GET / HTTP/1.1\nHost: a\n\n"), Err(HeadRefusal::Malformed));
        assert_eq!(end(b"\n"), Err(HeadRefusal::Malformed));
        // What comes after the head is not judged yet.
        assert_eq!(end(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\n\n"), Ok(Some(27)));
    }

    proptest! {
        /// What passes is read by the frameworks' parser as what it was read as here.
        #[test]
        fn a_head_that_passes_reads_the_same_elsewhere(
            parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..9)
        ) {
            let input = format!("POST /a HTTP/1.1\r\n{}\r\n", parts.concat());
            let Ok(Some(end)) = find_end(input.as_bytes(), Bounds::default()) else { return Ok(()) };
            let Ok(head) = Head::parse(&input.as_bytes()[..end], Bounds::default()) else { return Ok(()) };
            // It stays as it is when it is read again, and has nothing behind it.
            prop_assert_eq!(Head::parse(&head.bytes, Bounds::default()), Ok(head.clone()));
            prop_assert_eq!(find_end(&head.bytes, Bounds::default()), Ok(Some(head.bytes.len())));
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut other = httparse::Request::new(&mut fields);
            prop_assert_eq!(other.parse(&head.bytes), Ok(httparse::Status::Complete(head.bytes.len())));
            let count = |name: &str| other.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).count();
            prop_assert_eq!(count("host"), 1);
            prop_assert_eq!(count("upgrade"), 0);
            prop_assert_eq!(count("content-length") + count("transfer-encoding") <= 1, true);
            prop_assert_eq!(count("transfer-encoding") == 1, head.body == Body::chunked());
        }
    }

    /// What heads are made of, and what spoils them.
    const PARTS: [&str; 22] = [
        "Host: a\r\n",
        "Host: a\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "X: y\r\n",
        "X: y\r\n",
        "X: \u{fc}\r\n",
        "Connection: upgrade, close\r\n",
        "Upgrade: h2c\r\n",
        "Host",
        "Content-Length",
        ": ",
        " ",
        "\t",
        "\r",
        "\u{c}",
        "\n",
        "\r\n",
        "\0",
        "\r\nGET /b HTTP/1.1\r\n",
    ];

    #[test]
    fn nobody_is_asked_to_upgrade() {
        let head = parse(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade, HTTP2-Settings\r\nUpgrade: websocket\r\n\
             HTTP2-Settings: x\r\n\r\n",
        );
        let bytes = head.map(|head| head.bytes);
        assert_eq!(bytes.as_deref(), Ok(&b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"[..]));
        let head = parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        assert_eq!(head.map(|head| head.bytes).as_deref(), Ok(&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..]));
    }
}
