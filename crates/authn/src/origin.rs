//! Which site's page sent a request: the defence against cross-site request forgery ([RFC 6454 §7], [Fetch Metadata]).
//!
//! Refused: a state-changing request whose `Origin` is another's; one with `Origin: null`, or without any, that the
//! browser does not vouch for by `Sec-Fetch-Site: same-origin`; one with cookies and nothing that says where it is from.
//!
//! [RFC 6454 §7]: https://www.rfc-editor.org/rfc/rfc6454#section-7
//! [Fetch Metadata]: https://www.w3.org/TR/fetch-metadata/

use http::header::{COOKIE, HeaderName, ORIGIN, REFERER};
use http::{HeaderMap, Method};
use url::Url;

/// Knows our own origin and those whose pages may change something here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OriginCheck {
    allowed: Vec<String>,
}

/// A page of another site sent the request, or nobody can tell: answer 403 and change nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the request was not sent by a page of this site")]
pub struct ForeignOrigin;

/// The configured text is no origin.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an http or https origin: {0}")]
pub struct InvalidOrigin(pub String);

impl OriginCheck {
    /// For the site at `own` (an origin, or an issuer whose origin it is) and further trusted origins.
    ///
    /// # Errors
    /// [`InvalidOrigin`]: a text that is no `http` or `https` URL.
    ///
    /// # Security
    /// Each trusted origin can act as whoever is signed in. There should be none.
    pub fn new<'a>(own: &str, trusted: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidOrigin> {
        let configured =
            |text: &str| origin_of(text).ok_or_else(|| InvalidOrigin(text.chars().take(200).collect::<String>()));
        let mut allowed = vec![configured(own)?];
        for origin in trusted {
            allowed.push(configured(origin)?);
        }
        Ok(OriginCheck { allowed })
    }

    /// Whether a request may change something.
    ///
    /// # Errors
    /// [`ForeignOrigin`].
    pub fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), ForeignOrigin> {
        // A header that claims another method (`X-HTTP-Method-Override`) is not looked at, here or anywhere.
        if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
            return Ok(());
        }
        match sent_by(headers)? {
            Sender::Origin(origin) if self.allowed.contains(&origin) => Ok(()),
            Sender::SameOrigin => Ok(()),
            // Without a cookie there is nobody to act as: a program that signs in for itself.
            Sender::Unsaid if !headers.contains_key(COOKIE) => Ok(()),
            Sender::Origin(_) | Sender::Unsaid => Err(ForeignOrigin),
        }
    }
}

enum Sender {
    /// It says its origin.
    Origin(String),
    /// The browser says that it is our own page.
    SameOrigin,
    /// Nothing says anything.
    Unsaid,
}

fn sent_by(headers: &HeaderMap) -> Result<Sender, ForeignOrigin> {
    let site = the_one(headers, &SEC_FETCH_SITE)?;
    match (the_one(headers, &ORIGIN)?, site) {
        // A page with `Referrer-Policy: no-referrer` sends its own forms with `Origin: null`; so does a sandboxed frame of
        // another site. The browser tells them apart in a header that no script can set.
        (Some("null") | None, Some("same-origin")) => Ok(Sender::SameOrigin),
        (Some("null"), _) | (None, Some(_)) => Err(ForeignOrigin),
        // Compared as the browser serialises it, never parsed: `Origin` has no path, no user and no capitals.
        (Some(origin), _) => Ok(Sender::Origin(origin.to_owned())),
        (None, None) => match the_one(headers, &REFERER)? {
            Some(referer) => origin_of(referer).map(Sender::Origin).ok_or(ForeignOrigin),
            None => Ok(Sender::Unsaid),
        },
    }
}

/// A header that may be there once.
fn the_one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ForeignOrigin> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str().map_err(|_| ForeignOrigin)).transpose()?;
    if values.next().is_some() { Err(ForeignOrigin) } else { Ok(first) }
}

fn origin_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
