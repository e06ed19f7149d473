//! Which browser it is: a cookie that binds interactions to the browser that began them.
//!
//! Without it, an attacker could begin a flow and have somebody else finish it (login CSRF). The store has its hash only.

use std::time::Duration;

use countersign_storage::{Handle, Random, SealingKey, Secret};
use countersign_web::cookie::{CookieName, Lasting};
use countersign_web::issuer_url::IssuerUrl;
use http::{HeaderMap, header};

/// A browser, by the secret in its cookie.
pub(crate) struct Browser {
    secret: Secret,
}

impl Browser {
    /// The browser that sent these headers; `None` where it carries no such cookie, or two.
    pub(crate) fn recognise(headers: &HeaderMap, url: &IssuerUrl) -> Option<Self> {
        let secret = Secret::presented(&cookie(url).read(headers)?)?;
        Some(Browser { secret })
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

    /// Under this key is stored what only this browser may have opened.
    pub(crate) fn sealing_key(&self) -> SealingKey {
        SealingKey::derive(&self.secret, "the answer to an interaction")
    }

    /// A value that only a page that was made for this browser can know, about exactly this `content`.
    pub(crate) fn ticket(&self, content: &[&str]) -> Secret {
        let text = content.iter().fold(String::new(), |text, part| format!("{text}{}:{part}\n", part.len()));
        Secret::new(Handle::of(&format!("{text}{}", self.secret.expose())).as_str())
    }

    /// Sets the cookie: not readable by scripts, not sent with posts from other sites.
    pub(crate) fn remember(&self, headers: &mut HeaderMap, url: &IssuerUrl, lifetime: Duration) {
        headers.append(header::SET_COOKIE, cookie(url).set(self.secret.expose(), Lasting::For(lifetime)));
    }
}

fn cookie(url: &IssuerUrl) -> CookieName {
    CookieName::new("countersign-interaction", url.transport())
}
