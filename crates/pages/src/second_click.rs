//! The second click: a form that is posted twice, because somebody was impatient, is answered twice with the outcome of the
//! first.
//!
//! Two posts are one when path and body are the same to the byte. The body holds the form's token, which is made afresh for
//! each page and fits one browser alone; it is checked before anything is repeated. The outcome is kept for a minute, sealed
//! under a key that is derived from the token, so that a copy of the store gives nobody's session away.
//!
//! Only what went well is kept: a redirect. Whoever failed may try again, and fails by himself. A post that comes while the
//! first is still being answered waits for it, on the same node.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_lock::Mutex as Turn;
use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{
    Changes, Fault, Handle, Kind, Moment, OldDecision, OldOperation, Reader, Record, Sealed, SealingKey, Secret,
    Stored, Timestamp,
};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::document::see_other;
use crate::pages::Pages;
use crate::visit::Visit;

/// The posts that are being answered now.
#[derive(Default)]
pub(crate) struct Clicks {
    turns: Mutex<HashMap<Handle, Arc<Turn<()>>>>,
}

/// One post of one form.
pub(crate) struct Click<'a> {
    clicks: &'a Clicks,
    id: Handle,
    key: SealingKey,
    turn: Arc<Turn<()>>,
}

impl Clicks {
    /// The post of a form whose token fits.
    pub(crate) fn of(&self, visit: &Visit, token: &str) -> Click<'_> {
        let post = [visit.path.as_bytes(), b"\n", &visit.body].concat();
        let id = Secret::new(String::from_utf8_lossy(&post)).handle();
        let turn = self.turns().entry(id.clone()).or_default().clone();
        Click { clicks: self, id, key: SealingKey::derive(&Secret::new(token), "form outcome"), turn }
    }

    fn turns(&self) -> std::sync::MutexGuard<'_, HashMap<Handle, Arc<Turn<()>>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Click<'_> {
    /// Whoever goes last takes the turn away, also where the browser hung up.
    fn drop(&mut self) {
        let mut turns = self.clicks.turns();
        if Arc::strong_count(&self.turn) <= 2 {
            turns.remove(&self.id);
        }
    }
}

impl Pages {
    /// Answers a post, or repeats what was answered to the same one.
    pub(crate) async fn once(
        &self,
        visit: &Visit,
        click: Click<'_>,
        answer: impl Future<Output = Response<Bytes>>,
    ) -> Result<Response<Bytes>, Fault> {
        let _turn = click.turn.lock().await;
        if let Some(outcome) = self.outcome_of(&click).await? {
            return Ok(outcome.respond());
        }
        let response = answer.await;
        if let Some(outcome) = Outcome::of(&response) {
            // The answer is given in any case: without this, the second click is a post like any other.
            if let Err(fault) = self.ports.perform_old(&Keep { click: &click, outcome }).await {
                tracing::warn!(%fault, path = visit.path, "the outcome of a form was not kept");
            }
        }
        Ok(response)
    }

    /// What the same post was answered before. A session that ended meanwhile is not given out again.
    async fn outcome_of(&self, click: &Click<'_>) -> Result<Option<Outcome>, Fault> {
        let found = self.ports.reader().load(FormOutcome::at(click.id.as_str())).await?;
        let Some(kept) = found.filter(|kept| self.ports.now() < kept.until) else { return Ok(None) };
        let plain = click.key.open(click.id.as_str(), &kept.sealed)?;
        let outcome: Outcome =
            serde_json::from_slice(&plain).map_err(|_| Fault::Corrupt { kind: FormOutcome::KIND.as_str() })?;
        for given in outcome.given() {
            if self.authn.cookie(&given).is_some() && self.authn.session_of(&given).await?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(outcome))
    }
}

/// A redirect and the cookies that came with it.
#[derive(Serialize, Deserialize)]
struct Outcome {
    location: String,
    cookies: Vec<String>,
}

impl Outcome {
    fn of(response: &Response<Bytes>) -> Option<Outcome> {
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let location = response.headers().get(LOCATION).filter(|_| response.status() == StatusCode::SEE_OTHER)?;
        let cookies = response.headers().get_all(SET_COOKIE).iter().map(text).collect::<Option<_>>()?;
        Some(Outcome { location: text(location)?, cookies })
    }

    fn respond(&self) -> Response<Bytes> {
        let mut response = see_other(&self.location);
        for cookie in &self.cookies {
            let mut value = HeaderValue::from_str(cookie).unwrap_or(HeaderValue::from_static(""));
            value.set_sensitive(true);
            response.headers_mut().append(SET_COOKIE, value);
        }
        response
    }

    /// The headers of a browser that was given the cookies, one by one.
    fn given(&self) -> impl Iterator<Item = HeaderMap> {
        let pairs = self.cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie.split(';').next()?).ok());
        pairs.map(|pair| HeaderMap::from_iter([(COOKIE, pair)]))
    }
}

/// The outcome as it is stored, under the hash of the post.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct FormOutcome {
    post: Handle,
    sealed: Sealed,
    until: Timestamp,
}

impl Record for FormOutcome {
    const KIND: Kind = Kind::new("form_outcome");

    fn id(&self) -> String {
        self.post.as_str().to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

struct Keep<'a> {
    click: &'a Click<'a>,
    outcome: Outcome,
}

#[async_trait]
impl OldOperation for Keep<'_> {
    type Loaded = Option<Stored<FormOutcome>>;
    type Plan = (Option<Stored<FormOutcome>>, Timestamp);
    type Answer = ();

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(FormOutcome::at(self.click.id.as_str())).await
    }

    fn decide(&self, before: Self::Loaded, moment: &Moment<'_>) -> OldDecision<Self::Plan> {
        OldDecision::answer((before, moment.now + KEPT))
    }

    async fn seal(&self, (before, until): Self::Plan, changes: &mut Changes) -> Result<(), Fault> {
        let plain = serde_json::to_vec(&self.outcome).map_err(|_| Fault::Internal("an outcome can not be written"))?;
        let sealed = self.click.key.seal(self.click.id.as_str(), &plain)?;
        let kept = FormOutcome { post: self.click.id.clone(), sealed, until };
        match before {
            Some(before) => changes.replace(&before.with(kept)),
            None => changes.insert(&kept),
        };
        Ok(())
    }
}

const KEPT: Duration = Duration::from_secs(60);
