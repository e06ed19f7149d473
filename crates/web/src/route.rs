//! The table of routes: what answers at which path, and what every other method is told.
//!
//! A [`Row`] says where something is, which methods it answers and which web pages may call it; what answers, and how it is
//! described, is the owner's own. Several rows may be at one path, one for each method. From the rows alone follow the 405
//! with its `Allow` ([RFC 9110 §15.5.6]), what a page of another origin is told before it calls (the preflight of [Fetch
//! §4.8]), and that HEAD is answered as GET ([RFC 9110 §9.3.2]): with the body, which the server leaves out when it writes.
//!
//! [RFC 9110 §15.5.6]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6
//! [RFC 9110 §9.3.2]: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2
//! [Fetch §4.8]: https://fetch.spec.whatwg.org/#cors-preflight-fetch

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

/// One row of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row<'p, T> {
    /// Where it is.
    pub at: At<'p>,
    /// Which methods it answers. HEAD stands beside GET where it is answered, and reaches nobody: it becomes GET.
    pub methods: &'static [Method],
    /// Which web pages may call it by script.
    pub origins: Origins,
    /// What the owner adds: what answers, above all.
    pub theirs: T,
}

/// Where a row is. The base is the path of the issuer: empty, or `/api/auth`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At<'p> {
    /// Below the base.
    Below(&'p str),
    /// At the root of the origin, whatever the base.
    Root(&'p str),
    /// A document about the issuer, `/.well-known/NAME`: with the base appended ([RFC 8414 §3.1]), and below the base
    /// ([OIDC Discovery §4.1]).
    ///
    /// [RFC 8414 §3.1]: https://www.rfc-editor.org/rfc/rfc8414#section-3.1
    /// [OIDC Discovery §4.1]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest
    WellKnown(&'p str),
}

/// Which web pages may call a row by script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origins {
    /// All: no cookie opens it, so a page can do there only what it holds the credentials for.
    Any,
    /// None but our own: browsers go there as a whole ([RFC 9700 §2.6]), or only servers do.
    ///
    /// [RFC 9700 §2.6]: https://www.rfc-editor.org/rfc/rfc9700#section-2.6
    None,
}

/// The methods of rows that show something.
pub const GET: &[Method] = &[Method::GET, Method::HEAD];
/// The methods of rows that do something.
pub const POST: &[Method] = &[Method::POST];

/// The rows of one owner.
#[derive(Debug)]
pub struct Table<'t, T> {
    /// The path below which rows are.
    pub base: &'t str,
    /// The rows, in lists.
    pub rows: &'t [&'t [Row<'t, T>]],
}

/// A path of a table, with all that is there.
#[derive(Debug)]
pub struct Place<'t, T> {
    rows: Vec<&'t Row<'t, T>>,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Asked<'t, T> {
    /// The row answers it.
    Row(&'t Row<'t, T>),
    /// A browser asks whether a page may call: 204 with these headers.
    Preflight(HeaderMap),
    /// No row takes its method: 405 with [`Place::allow`].
    NotAllowed,
}

/// What is mounted at one path: for lists, for tests, and for whoever lets only known paths through.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mounted {
    /// The path, from the root of the origin.
    pub path: String,
    /// The methods, as `Allow` names them: `GET, HEAD, POST`.
    pub methods: String,
    /// Whether a page of any origin may call it by script.
    pub shared: bool,
}

impl<'t, T> Table<'t, T> {
    /// What is at a path; none where nothing is.
    pub fn at(&self, path: &str) -> Option<Place<'t, T>> {
        let rows: Vec<_> = self.rows().filter(|row| row.at.is(path, self.base)).collect();
        (!rows.is_empty()).then_some(Place { rows })
    }

    /// Every path, in the order of the rows.
    pub fn mounted(&self) -> Vec<Mounted> {
        let mut paths = Vec::new();
        for path in self.rows().flat_map(|row| row.at.paths(self.base)) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        let places = paths.into_iter().filter_map(|path| self.at(&path).map(|place| (path, place)));
        let mounted = |(path, place): (String, Place<'_, T>)| {
            let shared = place.origins() == Origins::Any;
            Mounted { path, methods: place.methods(), shared }
        };
        places.map(mounted).collect()
    }

    fn rows(&self) -> impl Iterator<Item = &'t Row<'t, T>> + use<'t, T> {
        self.rows.iter().copied().flatten()
    }
}

impl<'t, T> Place<'t, T> {
    /// What becomes of a request to this path. HEAD becomes GET.
    pub fn ask<B>(&self, request: &mut Request<B>) -> Asked<'t, T> {
        if let Some(row) = self.rows.iter().find(|row| row.methods.contains(request.method())) {
            if request.method() == Method::HEAD {
                *request.method_mut() = Method::GET;
            }
            return Asked::Row(row);
        }
        if request.method() != Method::OPTIONS || self.origins() == Origins::None {
            return Asked::NotAllowed;
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.allow());
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type");
        set(&mut headers, header::ACCESS_CONTROL_MAX_AGE, "3600");
        Asked::Preflight(headers)
    }

    /// The methods that are answered here, as a header.
    pub fn allow(&self) -> HeaderValue {
        // The names of methods fit into a header.
        HeaderValue::from_str(&self.methods()).unwrap_or(HeaderValue::from_static(""))
    }

    /// Lets the page that asked read the answer, whatever it is, where pages of any origin may call.
    pub fn share(&self, answer: &mut HeaderMap) {
        if self.origins() == Origins::Any {
            set(answer, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
            set(answer, header::ACCESS_CONTROL_EXPOSE_HEADERS, "WWW-Authenticate, Retry-After");
        }
    }

    /// Any only where each row says so: what is told of a path holds for all of its methods.
    fn origins(&self) -> Origins {
        if self.rows.iter().all(|row| row.origins == Origins::Any) { Origins::Any } else { Origins::None }
    }

    /// The methods that are answered here, as `Allow` names them.
    pub fn methods(&self) -> String {
        let methods = self.rows.iter().flat_map(|row| row.methods);
        methods.map(Method::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl At<'_> {
    fn is(&self, path: &str, base: &str) -> bool {
        let below = |name: &str| path.strip_prefix(base) == Some(name);
        match self {
            At::Below(name) => below(name),
            At::Root(name) => path == *name,
            At::WellKnown(name) => below(name) || path.strip_prefix(name) == Some(base),
        }
    }

    fn paths(&self, base: &str) -> Vec<String> {
        match self {
            At::Below(name) => vec![format!("{base}{name}")],
            At::Root(name) => vec![(*name).to_owned()],
            At::WellKnown(name) => vec![format!("{name}{base}"), format!("{base}{name}")],
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOW: Row<'static, &str> =
        Row { at: At::Root("/page"), methods: GET, origins: Origins::None, theirs: "show" };
    const SEND: Row<'static, &str> =
        Row { at: At::Root("/page"), methods: POST, origins: Origins::Any, theirs: "send" };
    const CALL: Row<'static, &str> =
        Row { at: At::Below("/call"), methods: POST, origins: Origins::Any, theirs: "call" };
    const ABOUT: Row<'static, &str> =
        Row { at: At::WellKnown("/.well-known/about"), methods: GET, origins: Origins::Any, theirs: "about" };
    const ROWS: &[&[Row<'static, &str>]] = &[&[SHOW, SEND], &[CALL, ABOUT]];

    fn table(base: &str) -> Table<'_, &'static str> {
        Table { base, rows: ROWS }
    }

    /// Who answers, or the status and what it says of methods, and whether it is shared.
    fn told(base: &str, method: Method, path: &str) -> Option<(String, bool)> {
        let place = table(base).at(path)?;
        let mut request = Request::builder().method(method).uri(path).body(()).unwrap();
        let told = match place.ask(&mut request) {
            Asked::Row(row) => format!("{} {}", request.method(), row.theirs),
            Asked::Preflight(headers) => format!("204 {}", headers["access-control-allow-methods"].to_str().unwrap()),
            Asked::NotAllowed => format!("405 {}", place.allow().to_str().unwrap()),
        };
        let mut headers = HeaderMap::new();
        place.share(&mut headers);
        Some((told, headers.contains_key("access-control-allow-origin")))
    }

    #[test]
    fn a_row_answers_its_methods_and_every_other_is_told_which_they_are() {
        for (method, path, expected, shared) in [
            (Method::GET, "/page", "GET show", false),
            (Method::HEAD, "/page", "GET show", false),
            (Method::POST, "/page", "POST send", false),
            (Method::PUT, "/page", "405 GET, HEAD, POST", false),
            (Method::OPTIONS, "/page", "405 GET, HEAD, POST", false),
            (Method::POST, "/api/call", "POST call", true),
            (Method::GET, "/api/call", "405 POST", true),
            (Method::HEAD, "/api/call", "405 POST", true),
            (Method::OPTIONS, "/api/call", "204 POST", true),
            (Method::GET, "/.well-known/about/api", "GET about", true),
            (Method::HEAD, "/api/.well-known/about", "GET about", true),
        ] {
            let name = format!("{method} {path}");
            assert_eq!(told("/api", method, path), Some((expected.to_owned(), shared)), "{name}");
        }
    }

    #[test]
    fn a_path_is_a_rows_to_the_byte_or_nobodys() {
        for (base, path) in [
            ("/api", "/"),
            ("/api", ""),
            ("/api", "/api"),
            ("/api", "/call"),
            ("/api", "/api/call/"),
            ("/api", "/API/call"),
            ("/api", "/xapi/call"),
            ("/api", "/api/page"),
            ("/api", "/.well-known/about"),
            ("/api", "/.well-known/about/"),
            ("/api", "/.well-known/about/apix"),
            ("", "/.well-known/about/api"),
        ] {
            assert_eq!(told(base, Method::GET, path), None, "{path} below {base:?}");
        }
        assert!(told("", Method::GET, "/.well-known/about").is_some() && told("", Method::GET, "/call").is_some());
    }

    #[test]
    fn what_is_mounted_is_listed_once_each() {
        let listed = |base| -> Vec<String> {
            let mounted = table(base).mounted();
            let line =
                |row: &Mounted| format!("{} {}{}", row.methods, row.path, if row.shared { " shared" } else { "" });
            mounted.iter().map(line).collect()
        };
        let expected = [
            "GET, HEAD, POST /page",
            "POST /api/call shared",
            "GET, HEAD /.well-known/about/api shared",
            "GET, HEAD /api/.well-known/about shared",
        ];
        assert_eq!(listed("/api"), expected);
        assert_eq!(listed("").last().unwrap(), "GET, HEAD /.well-known/about shared");
        assert_eq!(listed("").len(), 3);
    }
}
