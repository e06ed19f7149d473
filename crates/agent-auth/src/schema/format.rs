//! `format`: the three that are asserted (JSON Schema Validation §7.3). Any other is a configuration error.
//!
//! Each accepts less than its standard where readers disagree about the rest, since what is accepted here is handed to
//! code that reads it again.

use countersign_storage::EmailAddress;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    DateTime,
    Email,
    Uri,
}

impl Format {
    pub(super) const NAMES: &str = "date-time, email and uri";

    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "date-time" => Some(Format::DateTime),
            "email" => Some(Format::Email),
            "uri" => Some(Format::Uri),
            _ => None,
        }
    }

    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            // The reader takes any character between date and time.
            Format::DateTime => {
                text.get(10..11).is_some_and(|t| t.eq_ignore_ascii_case("t"))
                    && OffsetDateTime::parse(text, &Rfc3339).is_ok()
            }
            // The rule for addresses that holds everywhere else, without its tidying up. Letters beyond ASCII are of `idn-email`.
            Format::Email => {
                text.is_ascii()
                    && !text.contains(|c: char| c.is_ascii_whitespace())
                    && !has_reserved_label(text)
                    && EmailAddress::parse(text).is_ok()
            }
            Format::Uri => is_uri(text),
        }
    }

    /// What a person may expect of it.
    pub(super) fn for_people(self) -> &'static str {
        match self {
            Format::DateTime => "is a date with a time, such as 2030-12-31T23:59:59Z",
            Format::Email => "looks like an e-mail address",
            Format::Uri => "is a web address or another URI",
        }
    }

    /// What is expected.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Format::DateTime => "must be a time such as 2030-12-31T23:59:59Z (RFC 3339)",
            Format::Email => "must be an e-mail address",
            Format::Uri => "must be an absolute URI (RFC 3986)",
        }
    }
}

/// Whether a label of the domain has hyphens in third and fourth place and is no `xn--`: reserved (RFC 5890 §2.3.1), and some
/// readers refuse it.
fn has_reserved_label(address: &str) -> bool {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    domain.split('.').any(|label| {
        let begins_ace = label.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("xn"));
        label.get(2..4) == Some("--") && !begins_ace
    })
}

/// A URI by RFC 3986 that browsers and HTTP clients (the WHATWG reading) take too. These repair what they read: white
/// space is dropped, `\` becomes `/`, `http:host` gets its slashes. What needs repair is refused.
fn is_uri(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    // Brackets are for addresses of IPv6 alone, which the reader of URLs has checked.
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let in_host = |c: char| matches!(c, '[' | ']') && url.host_str().is_some_and(|host| host.starts_with('['));
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && (!is_special(url.scheme()) || !host.is_empty())
        && consists_of(user, |c| c == ':')
        && consists_of(host, |c| c == ':' || in_host(c))
        && consists_of(path, |c| matches!(c, ':' | '@' | '/'))
        && [query, fragment].iter().all(|part| consists_of(part, |c| matches!(c, ':' | '@' | '/' | '?')))
}

fn is_special(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "ws" | "wss" | "ftp")
}

/// Unreserved characters, sub-delimiters and whole percent-encodings (RFC 3986 §2), and the `others`.
fn consists_of(part: &str, others: impl Fn(char) -> bool) -> bool {
    let mut encoded = part.split('%');
    let plain =
        |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=".contains(c) || others(c));
    encoded.next().is_some_and(plain)
        && encoded.all(|rest| {
            rest.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
                && plain(rest)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_takes_what_every_reader_reads_alike() {
        let rows: &[(Format, &[&str], &[&str])] = &[
            (
                Format::DateTime,
                &[
                    "2030-12-31T23:59:59Z",
                    "1985-04-12T23:20:50.52Z",
                    "1996-12-19T16:39:57-08:00",
                    "2024-02-29T00:00:00+00:00",
                ],
                &[
                    "",
                    "2030-12-31",
                    "23:59:59Z",
                    "2030-12-31T23:59:59",
                    "2030-12-31 ",
                    "2023-02-29T00:00:00Z",
                    "2030-13-01T00:00:00Z",
                    "2030-12-31T24:00:00Z",
                    "2030-12-31T23:59:59+24:00",
                    "2030-12-31T23:59:59Z ",
                    "+2030-12-31T23:59:59Z",
                    "2030-12-31T23:59Z",
                    "2030-12-31 23:59:59Z",
                    "2030-12-31x23:59:59Z",
                    "２030-12-31T23:59:59Z",
                ],
            ),
            (
                Format::Email,
                &["a@x.test", "A.b+c@sub.x.test", "a@xn--bcher-kva.test", "a@a--b.test"],
                &[
                    "",
                    "a",
                    "@x.test",
                    "a@",
                    " a@x.test",
                    "a@x.test ",
                    "a b@x.test",
                    "a@x..test",
                    "ä@x.test",
                    "a@x.test\n",
                    "a@b@x.test",
                    "a@ab--c.test",
                    "a@x.te--T",
                ],
            ),
            (
                Format::Uri,
                &[
                    "https://x.test",
                    "https://u:p@x.test:8443/a/b;c?d=e&f#g",
                    "http://[::1]:80/",
                    "urn:isbn:0451450523",
                    "mailto:a@x.test",
                    "https://x.test/%C3%A4",
                    "custom+scheme://h/p",
                ],
                &[
                    "",
                    "x",
                    "/a",
                    "//x.test",
                    "x.test/a",
                    "https:x.test",
                    "https:///x.test",
                    "https:/x.test",
                    "https://",
                    " https://x.test",
                    "https://x.test\n",
                    "https://x.te st",
                    "ht\ttps://x.test",
                    "https:\\\\x.test",
                    "https://x.test\\a",
                    "https://x.test/ä",
                    "https://x.test/%",
                    "https://x.test/%4",
                    "https://x.test/%zz",
                    "https://x.test/a#b#c",
                    "https://x.test/[a]",
                    "https://x.test/<a>",
                    "1https://x.test",
                    "https://x.test:99999/",
                    "http://[::1",
                    "https://[x]/",
                ],
            ),
        ];
        for (format, fitting, refused) in rows {
            for text in *fitting {
                assert!(format.fits(text), "{format:?} {text:?}");
            }
            for text in *refused {
                assert!(!format.fits(text), "{format:?} {text:?}");
            }
        }
    }
}
