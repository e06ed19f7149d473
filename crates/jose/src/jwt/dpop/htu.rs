//! The one form in which `htu` compares ([RFC 3986 §6.2.2, §6.2.3]); the rule stands in the documentation of [`dpop`](super).
//!
//! [RFC 3986 §6.2.2, §6.2.3]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2

/// The URI up to its query or fragment.
pub(super) fn without_query(uri: &str) -> &str {
    uri.split_once(['?', '#']).map_or(uri, |(before, _)| before)
}

/// The form that compares, without query and fragment; `None` if the URI has none.
pub(super) fn comparable(uri: &str) -> Option<String> {
    let (scheme, rest) = without_query(uri).split_once("://")?;
    let (scheme, default_port) =
        ["http", "https"].into_iter().zip(["80", "443"]).find(|(name, _)| scheme.eq_ignore_ascii_case(name))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = split_port(authority)?;
    if !is_host(host) {
        return None;
    }
    let mut form = format!("{scheme}://{}", host.to_ascii_lowercase());
    if !port.is_empty() && port != default_port {
        // Leading zeros would be a second way to write it.
        port.parse::<u16>().ok().filter(|number| number.to_string() == port)?;
        form.push(':');
        form.push_str(port);
    }
    push_path(path, &mut form)?;
    Some(form)
}

/// Host and port; the port is empty where there is none.
fn split_port(authority: &str) -> Option<(&str, &str)> {
    match authority.rfind(']') {
        Some(end) => {
            let (host, rest) = authority.split_at_checked(end + 1)?;
            if rest.is_empty() { Some((host, "")) } else { rest.strip_prefix(':').map(|port| (host, port)) }
        }
        None => Some(authority.split_once(':').unwrap_or((authority, ""))),
    }
}

/// A registered name or IPv4 address without percent-encodings, or an IPv6 address.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| address.contains(':') && address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    }
}

fn push_path(path: &str, form: &mut String) -> Option<()> {
    let start = form.len();
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                let digits =
                    std::str::from_utf8(&digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
                match u8::from_str_radix(digits, 16).ok()? {
                    byte if is_unreserved(byte) => form.push(char::from(byte)),
                    _ => {
                        form.push('%');
                        form.push_str(&digits.to_ascii_uppercase());
                    }
                }
            }
            byte if is_unreserved(byte) || b"/!$&'()*+,;=:@".contains(&byte) => form.push(char::from(byte)),
            _ => return None,
        }
    }
    let written = form.get(start..)?;
    if written.split('/').any(|segment| segment == "." || segment == "..") {
        return None;
    }
    if written.is_empty() {
        form.push('/');
    }
    Some(())
}

/// [RFC 3986 §2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_has_one_form_that_compares_or_none() {
        let rows = [
            ("https://a.test/token", Some("https://a.test/token")),
            ("HTTPS://A.Test/Token", Some("https://a.test/Token")),
            ("https://a.test:443/token", Some("https://a.test/token")),
            ("https://a.test:/token", Some("https://a.test/token")),
            ("http://a.test:80/", Some("http://a.test/")),
            ("http://a.test:443/", Some("http://a.test:443/")),
            ("https://a.test:8443", Some("https://a.test:8443/")),
            ("https://a.test", Some("https://a.test/")),
            ("https://a.test?x=/../y", Some("https://a.test/")),
            ("https://a.test/p?q#f", Some("https://a.test/p")),
            ("https://a.test/p#f?q", Some("https://a.test/p")),
            ("https://a.test/%7eme/%c3%a9/%2f", Some("https://a.test/~me/%C3%A9/%2F")),
            ("https://a.test//x/", Some("https://a.test//x/")),
            ("https://127.0.0.1:1/", Some("https://127.0.0.1:1/")),
            ("https://[::1]:8443/a", Some("https://[::1]:8443/a")),
            ("https://[2001:DB8::1]", Some("https://[2001:db8::1]/")),
            ("https://a.test:0443/", None),
            ("https://a.test:65536/", None),
            ("https://a.test:+1/", None),
            ("https://a.test:1:2/", None),
            ("https://me@a.test/", None),
            ("https://me:pw@a.test/", None),
            ("https://a.test\\@b.test/", None),
            ("https:///token", None),
            ("https://", None),
            ("https:/a.test/", None),
            ("//a.test/", None),
            ("/token", None),
            ("", None),
            ("ftp://a.test/", None),
            ("https ://a.test/", None),
            (" https://a.test/", None),
            ("https://a.test/x y", None),
            ("https://a.test/\u{e9}", None),
            ("https://\u{e9}.test/", None),
            ("https://a%2etest/", None),
            ("https://a.test/%", None),
            ("https://a.test/%4", None),
            ("https://a.test/%+1", None),
            ("https://a.test/%zz", None),
            ("https://a.test/a/../b", None),
            ("https://a.test/./b", None),
            ("https://a.test/%2e%2E/b", None),
            ("https://a.test/b/.", None),
            ("https://[::1/", None),
            ("https://::1]/", None),
            ("https://[::1]x/", None),
            ("https://[a.test]/", None),
            ("https://a.test\n/", None),
        ];
        for (uri, form) in rows {
            assert_eq!(comparable(uri).as_deref(), form, "{uri:?}");
        }
        // The form is its own form.
        for form in rows.iter().filter_map(|(_, form)| *form) {
            assert_eq!(comparable(form).as_deref(), Some(form));
        }
    }
}
