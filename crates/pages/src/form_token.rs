//! Proof that a form was made for the browser that posts it, besides the `Origin` check.
//!
//! A page carries `nonce.mac`. The MAC is keyed with a secret that only the cookies of this browser hold. It is the secret of
//! the session; while nobody is signed in, it is one of its own (`__Host-countersign-form`). A page of another site can read
//! neither the cookies nor our pages, so it cannot make a token. A token of the attacker's own browser does not fit the
//! browser of the victim. The nonce makes every page differ, so that compression gives nothing away. Nothing is stored.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_storage::{Random, SealingKey, Secret, random};
use countersign_web::cookie::{CookieName, Lasting};
use countersign_web::issuer_url::Transport;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Response};

/// Makes and checks tokens.
pub(crate) struct FormTokens {
    session_cookie: CookieName,
    own_cookie: CookieName,
    random: Arc<dyn Random>,
}

/// The browser that a page is made for.
pub(crate) struct Browser {
    secret: Secret,
    set_cookie: Option<HeaderValue>,
}

/// The token is missing, was made for another browser, or the session changed since.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the form was not made for this browser")]
pub(crate) struct ForgedForm;

impl FormTokens {
    pub(crate) fn new(session_cookie: CookieName, transport: Transport, random: Arc<dyn Random>) -> Self {
        FormTokens { session_cookie, own_cookie: CookieName::new("countersign-form", transport), random }
    }

    /// Tells for which browser a page is made. A browser without a secret gets one.
    pub(crate) fn browser(&self, headers: &HeaderMap) -> Browser {
        let known = countersign_authn::cookie::read(headers, self.session_cookie).or_else(|| self.own(headers));
        match known {
            Some(secret) => Browser { secret, set_cookie: None },
            None => {
                let secret = Secret::generate(self.random.as_ref());
                let set_cookie = Some(self.own_cookie.set(secret.expose(), Lasting::UntilClosed));
                Browser { secret, set_cookie }
            }
        }
    }

    /// Makes the token of one form.
    pub(crate) fn token(&self, browser: &Browser) -> String {
        let nonce: [u8; 16] = random::bytes(self.random.as_ref());
        let mac = hmac::sign(&key(&browser.secret), &message(&nonce));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(mac.as_ref()))
    }

    /// Whether a token was made for the browser that sent these headers. A page from before the sign-in fits as long as
    /// the browser still has the cookie from then.
    pub(crate) fn check(&self, headers: &HeaderMap, token: &str) -> Result<(), ForgedForm> {
        let (nonce, mac) = token.split_once('.').ok_or(ForgedForm)?;
        let nonce = URL_SAFE_NO_PAD.decode(nonce).map_err(|_| ForgedForm)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| ForgedForm)?;
        let session = countersign_authn::cookie::read(headers, self.session_cookie);
        let fits = session
            .into_iter()
            .chain(self.own(headers))
            .any(|secret| hmac::verify(&key(&secret), &message(&nonce), &mac).is_ok());
        if fits { Ok(()) } else { Err(ForgedForm) }
    }

    fn own(&self, headers: &HeaderMap) -> Option<Secret> {
        Secret::presented(&self.own_cookie.read(headers)?)
    }
}

impl Browser {
    /// A key for what only this browser brings back, for this purpose.
    pub(crate) fn sealing_key(&self, purpose: &str) -> SealingKey {
        SealingKey::derive(&self.secret, purpose)
    }

    /// Gives a new browser its secret.
    pub(crate) fn remember<B>(self, mut response: Response<B>) -> Response<B> {
        if let Some(cookie) = self.set_cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())
}

fn message(nonce: &[u8]) -> Vec<u8> {
    [b"countersign form\0", nonce].concat()
}

#[cfg(test)]
mod tests {
    use super::FormTokens;
    use countersign_storage::{Secret, SeededRandom};
    use countersign_web::cookie::CookieName;
    use countersign_web::issuer_url::Transport;
    use http::header::{COOKIE, SET_COOKIE};
    use http::{HeaderMap, HeaderValue, Response};
    use std::sync::Arc;

    fn tokens() -> FormTokens {
        let session = countersign_authn::session_cookie("https://as.test");
        FormTokens::new(session, Transport::Https, Arc::new(SeededRandom::new(1)))
    }

    fn cookies(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(text).expect("a header"))])
    }

    #[test]
    fn a_token_fits_the_browser_that_it_was_made_for_and_no_other() {
        let tokens = tokens();
        let visitor = tokens.browser(&HeaderMap::new());
        let token = tokens.token(&visitor);
        let response = visitor.remember(Response::new(()));
        let set = response.headers()[SET_COOKIE].to_str().expect("text");
        assert!(set.starts_with("__Host-countersign-form="), "{set}");
        assert!(set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{set}");
        let own = cookies(set.split(';').next().expect("a pair"));
        assert_eq!(tokens.check(&own, &token), Ok(()));

        let other = Secret::generate(&SeededRandom::new(2));
        let (nonce, mac) = token.split_once('.').expect("two parts");
        for (headers, token) in [
            (HeaderMap::new(), token.as_str()),
            (cookies(&format!("__Host-countersign-form={}", other.expose())), token.as_str()),
            (cookies(&format!("__Host-countersign={}", other.expose())), token.as_str()),
            (own.clone(), ""),
            (own.clone(), "."),
            (own.clone(), nonce),
            (own.clone(), &format!("{nonce}.")),
            (own.clone(), &format!("AAAA.{mac}")),
        ] {
            assert!(tokens.check(&headers, token).is_err(), "{token}");
        }
    }

    #[test]
    fn two_pages_for_one_browser_carry_different_tokens_and_both_fit() {
        let tokens = tokens();
        let session = cookies(&format!("__Host-countersign={}", Secret::generate(&SeededRandom::new(3)).expose()));
        let (one, two) = (tokens.token(&tokens.browser(&session)), tokens.token(&tokens.browser(&session)));
        assert_ne!(one, two);
        assert_eq!((tokens.check(&session, &one), tokens.check(&session, &two)), (Ok(()), Ok(())));
    }

    #[test]
    fn the_cookie_is_host_prefixed_over_tls_and_plain_on_loopback() {
        for (transport, name) in
            [(Transport::Https, "__Host-countersign-form"), (Transport::Loopback, "countersign-form")]
        {
            let session = CookieName::new("countersign", transport);
            let tokens = FormTokens::new(session, transport, Arc::new(SeededRandom::new(1)));
            let visitor = tokens.browser(&HeaderMap::new());
            let token = tokens.token(&visitor);
            let set = visitor.remember(Response::new(())).headers()[SET_COOKIE].to_str().expect("text").to_owned();
            let (found, value) = set.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            assert_eq!((found, value.len()), (name, 43), "{set}");
            assert_eq!(set.contains("; Secure"), transport == Transport::Https, "{set}");
            assert_eq!(tokens.check(&cookies(&format!("{name}={value}")), &token), Ok(()));
            for other in ["countersign-form", "__Host-countersign-form"].into_iter().filter(|other| *other != name) {
                assert!(tokens.check(&cookies(&format!("{other}={value}")), &token).is_err(), "{other}");
            }
        }
    }

    /// Somebody else set one of the two: neither is taken, and the browser gets a fresh one.
    #[test]
    fn two_cookies_of_the_name_are_none() {
        let tokens = tokens();
        let visitor = tokens.browser(&HeaderMap::new());
        let token = tokens.token(&visitor);
        let set = visitor.remember(Response::new(())).headers()[SET_COOKIE].to_str().expect("text").to_owned();
        let own = set.split(';').next().expect("a pair");
        let tossed = format!("__Host-countersign-form={}", Secret::generate(&SeededRandom::new(9)).expose());
        assert_eq!(tokens.check(&cookies(&format!("utm=1; {own}; lang=en")), &token), Ok(()));
        for twice in [format!("{own}; {tossed}"), format!("{tossed}; {own}"), format!("{own}; {own}")] {
            assert!(tokens.check(&cookies(&twice), &token).is_err(), "{twice}");
            let again = tokens.browser(&cookies(&twice)).remember(Response::new(()));
            assert!(again.headers().contains_key(SET_COOKIE), "{twice}");
        }
    }
}
