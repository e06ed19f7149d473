//! Which browser it is: a cookie that binds interactions to the browser that began them.
//!
//! Without it, an attacker could begin a flow and have somebody else finish it (login CSRF). The store has its hash only.

use std::time::Duration;

use countersign_storage::{Handle, Random, Secret};
use http::{HeaderMap, HeaderValue, header};

use crate::config::{IssuerUrl, Transport};

/// A browser, by the secret in its cookie.
pub(crate) struct Browser {
    secret: Secret,
}

impl Browser {
    /// The browser that sent these headers; `None` where it carries no such cookie, or two.
    pub(crate) fn recognise(headers: &HeaderMap, url: &IssuerUrl) -> Option<Self> {
        let name = cookie_name(url);
        let mut found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name);
        match (found.next(), found.next()) {
            (Some((_, secret)), None) if is_ours(secret) => Some(Browser { secret: Secret::new(secret) }),
            _ => None,
        }
    }

    /// The same, or one that is met for the first time. A known browser keeps its secret, so that two tabs can be in two
    /// interactions at once.
    pub(crate) fn recognise_or_meet(headers: &HeaderMap, url: &IssuerUrl, random: &dyn Random) -> Self {
        Browser::recognise(headers, url).unwrap_or_else(|| Browser { secret: Secret::generate(random) })
    }

    /// What is stored of it.
    pub(crate) fn handle(&self) -> Handle {
        self.secret.handle()
    }

    /// A value that only a page that was made for this browser can know, about exactly this `content`.
    pub(crate) fn ticket(&self, content: &[&str]) -> Secret {
        let text = content.iter().fold(String::new(), |text, part| format!("{text}{}:{part}\n", part.len()));
        Secret::new(Handle::of(&format!("{text}{}", self.secret.expose())).as_str())
    }

    /// Sets the cookie: not readable by scripts, not sent with posts from other sites.
    pub(crate) fn remember(&self, headers: &mut HeaderMap, url: &IssuerUrl, lifetime: Duration) {
        let secure = match url.transport {
            Transport::Https => "; Secure",
            Transport::Loopback => "",
        };
        let cookie = format!(
            "{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            cookie_name(url),
            self.secret.expose(),
            lifetime.as_secs()
        );
        if let Ok(mut value) = HeaderValue::from_str(&cookie) {
            value.set_sensitive(true);
            headers.append(header::SET_COOKIE, value);
        }
    }
}

/// `__Host-` keeps other hosts of the domain from setting it; browsers accept that only with `Secure`.
fn cookie_name(url: &IssuerUrl) -> &'static str {
    match url.transport {
        Transport::Https => "__Host-countersign-interaction",
        Transport::Loopback => "countersign-interaction",
    }
}

fn is_ours(secret: &str) -> bool {
    secret.len() == 43 && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
