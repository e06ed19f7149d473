//! Cookies: read and written in one place ([RFC 6265 §4], [RFC 6265 §5.4]).
//!
//! A `Cookie` header is a list of octets. Other applications of the host put into it what they like, so only the pair of our
//! own name is looked at. Two cookies of our name in one request are refused, because somebody else set one of them. A value
//! with octets that no cookie of ours has is refused, too.
//!
//! [RFC 6265 §4]: https://www.rfc-editor.org/rfc/rfc6265#section-4
//! [RFC 6265 §5.4]: https://www.rfc-editor.org/rfc/rfc6265#section-5.4

use std::fmt;
use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::issuer_url::Transport;
use crate::white_space::trim_bytes;

/// A cookie of ours. It is for this host alone, for every path, never for scripts, and is not sent with posts from other
/// sites (`Path=/; HttpOnly; SameSite=Lax`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CookieName {
    name: &'static str,
    transport: Transport,
}

/// How long a browser keeps a cookie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lasting {
    /// For this long, in whole seconds.
    For(Duration),
    /// Until the browser is closed.
    UntilClosed,
}

impl CookieName {
    /// The cookie `name`. Over TLS it is called `__Host-` and its name, so that no other host of the domain can set it
    /// ([RFC 6265bis §4.1.3.2]). Browsers accept such a name only with `Secure`, so it is not used on loopback.
    ///
    /// [RFC 6265bis §4.1.3.2]: https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2
    pub const fn new(name: &'static str, transport: Transport) -> Self {
        CookieName { name, transport }
    }

    /// Another cookie of the same host, over the same transport.
    #[must_use]
    pub const fn beside(self, name: &'static str) -> Self {
        CookieName { name, transport: self.transport }
    }

    /// The value that a request brings. `None` where it has no such cookie, or two.
    pub fn read(self, headers: &HeaderMap) -> Option<String> {
        let mut values = pairs(headers).filter(|(name, _)| self.is(name)).map(|(_, value)| value);
        let (value, None) = (values.next()?, values.next()) else { return None };
        value.iter().all(|octet| is_cookie_octet(*octet)).then(|| String::from_utf8(value.to_vec()).ok())?
    }

    /// The `Set-Cookie` value that gives `value` to the browser. `Debug` does not show it.
    ///
    /// A value with an octet that no cookie can carry ([RFC 6265 §4.1.1]) is not set. The header is empty then, and browsers
    /// ignore it.
    ///
    /// [RFC 6265 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
    pub fn set(self, value: &str, lasting: Lasting) -> HeaderValue {
        if !value.bytes().all(is_cookie_octet) {
            return HeaderValue::from_static("");
        }
        let lasting = match lasting {
            Lasting::For(lifetime) => format!("; Max-Age={}", lifetime.as_secs()),
            Lasting::UntilClosed => String::new(),
        };
        let secure = match self.transport {
            Transport::Https => "; Secure",
            Transport::Loopback => "",
        };
        let cookie = format!("{self}={value}{lasting}; Path=/{secure}; HttpOnly; SameSite=Lax");
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        cookie
    }

    /// The `Set-Cookie` value that takes the cookie away.
    pub fn clear(self) -> HeaderValue {
        self.set("", Lasting::For(Duration::ZERO))
    }

    /// The headers as the browser would send them after it was given `value`.
    pub fn sent_with(self, headers: &HeaderMap, value: &str) -> HeaderMap {
        let mut line = format!("{self}={value}").into_bytes();
        for (name, value) in pairs(headers).filter(|(name, _)| !self.is(name)) {
            line.extend([b"; ", name, b"=", value].concat());
        }
        let mut headers = headers.clone();
        if let Ok(mut line) = HeaderValue::from_bytes(&line) {
            line.set_sensitive(true);
            headers.insert(COOKIE, line);
        }
        headers
    }

    fn is(self, name: &[u8]) -> bool {
        let own = match self.transport {
            Transport::Https => name.strip_prefix(PREFIX.as_bytes()),
            Transport::Loopback => Some(name),
        };
        own == Some(self.name.as_bytes())
    }
}

/// The name as it stands in headers.
impl fmt::Display for CookieName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.transport {
            Transport::Https => write!(f, "{PREFIX}{}", self.name),
            Transport::Loopback => f.write_str(self.name),
        }
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|octet| *octet == b';')).filter_map(|pair| {
        let pair = trim_bytes(pair);
        let equals = pair.iter().position(|octet| *octet == b'=')?;
        Some((pair.get(..equals)?, pair.get(equals + 1..)?))
    })
}

fn is_cookie_octet(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'"' | b',' | b';' | b'\\')
}

const PREFIX: &str = "__Host-";

#[cfg(test)]
mod tests {
    use super::*;

    const SECURE: CookieName = CookieName::new("session", Transport::Https);
    const PLAIN: CookieName = CookieName::new("session", Transport::Loopback);

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, HeaderValue::from_bytes(line).unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_read_from_among_others_whatever_they_are() {
        for lines in [
            &[&b"__Host-session=x"[..]][..],
            &["utm=\u{fc}; __Host-session=x".as_bytes()],
            &[b"utm=\xFF\xFE;__Host-session=x;\t a"],
            &[b"utm=\xFC", b"__Host-session=x"],
            &[b"session=y; __Host-session=x; __Host-session2=z; x__Host-session=z"],
            &[b"=; ;; flag; \"q\"=\"a, b\" ; __Host-session=x"],
        ] {
            assert_eq!(SECURE.read(&headers(lines)).as_deref(), Some("x"), "{lines:?}");
        }
        assert_eq!(PLAIN.read(&headers(&[b"session=a=b"])).as_deref(), Some("a=b"));
    }

    #[test]
    fn two_cookies_of_one_name_or_an_odd_value_are_no_cookie() {
        for lines in [
            &[&b"__Host-session=x; __Host-session=y"[..]][..],
            &[b"__Host-session=x; __Host-session=x"],
            &[b"__Host-session=x", b"__Host-session=y"],
            &[b"__Host-session=\xFC"],
            &[b"__Host-session=\"x\""],
            &[b"__Host-session=a b"],
            &[b"__host-session=x"],
            &[b"session=x"],
            &[b"__Host-session"],
            &[],
        ] {
            assert_eq!(SECURE.read(&headers(lines)), None, "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_is_for_this_host_alone_and_not_for_scripts() {
        assert_eq!(
            SECURE.set("x", Lasting::For(Duration::from_secs(60))),
            "__Host-session=x; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(PLAIN.set("x", Lasting::UntilClosed), "session=x; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(SECURE.clear(), "__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax");
        assert!(!format!("{:?}", SECURE.set("secret", Lasting::UntilClosed)).contains("secret"));
        for odd in ["a; Domain=evil.test", "a\r\nb", "ü", "a,b", "\"a\""] {
            assert_eq!(SECURE.set(odd, Lasting::UntilClosed), "", "{odd}");
        }
    }

    #[test]
    fn a_cookie_that_was_given_takes_the_place_of_the_one_before() {
        let before = headers(&["a=1; __Host-session=old; utm=ü".as_bytes(), b"b=2"]);
        let after = SECURE.sent_with(&before, "new");
        assert_eq!(after.get_all(COOKIE).iter().count(), 1);
        assert_eq!(after[COOKIE].as_bytes(), "__Host-session=new; a=1; utm=ü; b=2".as_bytes());
    }
}
