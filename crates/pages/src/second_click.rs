//! The second click. Somebody is impatient, and posts a form twice. Both times the answer is the outcome of the first post.
//!
//! Two posts are one when path and body are the same to the byte. The body holds the token of the form, which is made anew for
//! each page and fits one browser alone. The token is checked before anything is repeated. The outcome is kept for a minute.
//! It is sealed under a key that is derived from the token, so that a copy of the store gives nobody's session away.
//!
//! Only what went well is kept: a redirect. Whoever failed can try again, and is judged anew. A post waits where the same one
//! is still being answered on the same node.

use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{
    Changes, Decision, Fault, Handle, Kind, Moment, Operation, Reader, Record, Sealed, Sealing, Stored, Timestamp,
};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::click::Click;
use crate::document::see_other;
use crate::pages::Pages;
use crate::visit::Visit;

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
            if let Err(fault) = self.ports.perform_sealing(&Keep { click: &click, outcome }).await {
                tracing::warn!(%fault, path = visit.path, "the outcome of a form was not kept");
            }
        }
        Ok(response)
    }

    /// Finds what the same post was answered before. A session that ended meanwhile is not given out again.
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
pub(crate) struct FormOutcome {
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
impl Operation for Keep<'_> {
    type Loaded = Option<Stored<FormOutcome>>;
    type Granted = (Option<Stored<FormOutcome>>, Timestamp);
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(FormOutcome::at(self.click.id.as_str())).await
    }

    fn decide(&self, before: Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Infallible> {
        Decision::grant((before, moment.now + KEPT))
    }
}

#[async_trait]
impl Sealing for Keep<'_> {
    type Sealed = ();

    async fn seal(&self, (before, until): Self::Granted, changes: &mut Changes) -> Result<(), Fault> {
        let plain = serde_json::to_vec(&self.outcome).map_err(|_| Fault::Internal("an outcome cannot be written"))?;
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
