//! Alice and Bob, and who of them is signed in where.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use countersign_storage::{
    Account, AccountState, Accounts, Authentication, EmailAddress, EmailTaken, Fault, NewAccount, Ports, Reader,
    SessionState, SignedIn, Stopped, StoredAccounts, Subject, Timestamp,
};
use http::{HeaderMap, header};
use serde_json::json;

use super::NOW;

/// Something that happens between loading and deciding.
type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// People, as an application keeps them. An operation asks for them after it has loaded its records.
pub(crate) struct People {
    pub(crate) stored: StoredAccounts,
    pub(crate) meanwhile: Mutex<Option<Meanwhile>>,
    gone: AtomicBool,
}

impl People {
    pub(crate) fn over(ports: &Ports) -> Self {
        People { stored: StoredAccounts::new(ports.clone()), meanwhile: Mutex::default(), gone: AtomicBool::new(false) }
    }

    /// From now on nobody has an account.
    pub(crate) fn leave(&self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Accounts for People {
    async fn by_subject(&self, subject: &Subject) -> Result<Option<Account>, Fault> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        if self.gone.load(Ordering::SeqCst) { Ok(None) } else { self.stored.by_subject(subject).await }
    }

    async fn by_email(&self, email: &EmailAddress) -> Result<Option<Account>, Fault> {
        self.stored.by_email(email).await
    }

    async fn create(&self, account: NewAccount) -> Result<Account, Stopped<EmailTaken>> {
        self.stored.create(account).await
    }
}

/// Sessions, by cookie, and those that ended.
#[derive(Default)]
pub(crate) struct Sessions {
    pub(crate) alive: Mutex<HashMap<String, Authentication>>,
    pub(crate) ended: Mutex<HashSet<String>>,
}

#[async_trait]
impl SignedIn for Sessions {
    async fn authentication(&self, headers: &HeaderMap) -> Result<Option<Authentication>, Fault> {
        let cookies = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let session = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="));
        Ok(session.and_then(|session| self.alive.lock().unwrap().get(session).cloned()))
    }

    async fn session_state(&self, authentication: &Authentication, _: &mut Reader<'_>) -> Result<SessionState, Fault> {
        let ended = self.ended.lock().unwrap().contains(authentication.session_id());
        Ok(if ended { SessionState::Ended } else { SessionState::Alive })
    }
}

/// Everything that is known of Alice.
pub(crate) fn alice() -> Account {
    let claims = json!({
        "given_name": "Alice", "family_name": "Adams", "locale": "en-GB", "birthdate": null,
        "address": { "country": "GB" }, "phone_number": "+44 20 7946 0000", "phone_number_verified": true,
        "employee_id": "secret to the application",
    });
    Account {
        generation: 0,
        subject: Subject::new("usr_alice").unwrap(),
        email: EmailAddress::parse("alice@x.test").unwrap(),
        email_verified: true,
        name: "Alice Adams".to_owned(),
        claims: claims.as_object().unwrap().clone(),
        state: AccountState::Active,
        created_at: NOW,
        updated_at: Timestamp(1_700_000_000),
    }
}
