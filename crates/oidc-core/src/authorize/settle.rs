//! Settle: from a validated request and the facts to a code, a prompt or a refusal; at most one commit.
//!
//! The commit that inserts the code also writes the grant that it rests on and finishes the interaction. Of many answers
//! to one interaction, one commits; the others load again and find it finished.

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::secret::identifier;
use countersign_storage::{
    Actor, Authentication, Changes, Decision, Event, Fault, Moment, Operation, Reader, Record, Secret, Stored,
    Timestamp,
};
use http::{HeaderMap, Response};

use crate::authorize::browser::Browser;
use crate::authorize::consent::Approval;
use crate::authorize::prompt::{self, Facts, Next, Prompt, SignIn};
use crate::authorize::redirect::{self, Recipient};
use crate::authorize::{AuthorizationRefusal, ConsentAnswer, InteractionError, Validated, code};
use crate::client::{Client, ClientState, GrantTypeName};
use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::records::{Grant, Interaction, InteractionState};
use crate::response::see_other;
use crate::rules::redirect_uri;
use crate::scope::Scopes;

/// Somebody who is signed in and whose account is active.
pub(crate) struct Person {
    pub(crate) authentication: Authentication,
}

/// What happens.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    /// A client asks.
    Begin { request: &'a Validated },
    /// The person comes back from a page.
    Resume { interaction: &'a str },
    /// The person answers the consent page that `ticket` belongs to.
    Answer { interaction: &'a str, ticket: &'a Secret, answer: &'a ConsentAnswer },
}

/// How it ended.
pub(crate) enum Settled {
    Code { request: Validated, code: Secret },
    Prompt { prompt: Prompt, interaction: String },
    Refused { request: Validated, refusal: AuthorizationRefusal },
}

impl Issuer {
    pub(crate) async fn settle(
        &self,
        step: Step<'_>,
        browser: &Browser,
        person: Option<&Person>,
    ) -> Result<Result<Settled, InteractionError>, Fault> {
        self.ports.perform(&Settle { issuer: self, step, browser, person }).await
    }

    /// Who is signed in, if their account is active.
    pub(crate) async fn person(&self, headers: &HeaderMap) -> Result<Option<Person>, Fault> {
        let Some(authentication) = self.signed_in.authentication(headers).await? else { return Ok(None) };
        let account = self.accounts.by_subject(authentication.subject()).await?;
        let lets_in = account.is_some_and(|account| account.carries(authentication.account_generation()));
        Ok(lets_in.then_some(Person { authentication }))
    }

    pub(crate) fn to_page(&self, prompt: Prompt, interaction: &str) -> Response<Bytes> {
        let path = match prompt {
            Prompt::SignIn => &self.pages.sign_in,
            Prompt::Consent => &self.pages.consent,
        };
        see_other(&format!("{}{path}?interaction={interaction}", self.url.origin()))
    }

    pub(crate) fn to_client(&self, settled: &Settled) -> Response<Bytes> {
        match settled {
            Settled::Code { request, code } => redirect::grant(self.url.as_str(), Recipient::of_request(request), code),
            Settled::Refused { request, refusal } => {
                redirect::refuse(self.url.as_str(), Recipient::of_request(request), refusal)
            }
            Settled::Prompt { prompt, interaction } => self.to_page(*prompt, interaction),
        }
    }
}

struct Settle<'a> {
    issuer: &'a Issuer,
    step: Step<'a>,
    browser: &'a Browser,
    person: Option<&'a Person>,
}

/// A pending request and all that is stored about it.
pub(crate) struct Pending {
    pub(crate) interaction: Option<Stored<Interaction>>,
    pub(crate) request: Validated,
    pub(crate) client: Client,
    pub(crate) grant: Option<Stored<Grant>>,
    /// What is asked for and still registered: all that can be shown, and all that can be granted.
    pub(crate) scopes: Scopes,
}

impl Pending {
    /// Loads what belongs to a stored interaction of this browser that can still go on.
    pub(crate) async fn resume(
        issuer: &Issuer,
        reader: &mut Reader<'_>,
        id: &str,
        browser: &Browser,
        person: Option<&Person>,
    ) -> Result<Result<Self, InteractionError>, Fault> {
        if id.len() > 64 {
            return Ok(Err(InteractionError::Unknown));
        }
        let found = reader.load(Interaction::at(id)).await?;
        // To another browser it does not exist.
        let Some(interaction) = found.filter(|found| found.browser == browser.handle()) else {
            return Ok(Err(InteractionError::Unknown));
        };
        if interaction.state != InteractionState::Pending {
            return Ok(Err(InteractionError::Finished));
        }
        if interaction.expires_at <= reader.now() {
            return Ok(Err(InteractionError::Expired));
        }
        let request = interaction.request.clone();
        Self::load(issuer, reader, Some(interaction), request, person).await
    }

    async fn load(
        issuer: &Issuer,
        reader: &mut Reader<'_>,
        interaction: Option<Stored<Interaction>>,
        request: Validated,
        person: Option<&Person>,
    ) -> Result<Result<Self, InteractionError>, Fault> {
        let grant = person.map(|person| Grant::id_of(person.authentication.subject(), &request.client_id));
        let (client, grant) = match (issuer.clients.record(&request.client_id), grant) {
            (Some(client), Some(grant)) => {
                let (client, grant) = reader.load((client, Grant::at(grant))).await?;
                (client.map(|client| client.record), grant)
            }
            (Some(client), None) => (reader.load(client).await?.map(|client| client.record), None),
            (None, grant) => {
                let client = issuer.clients.client(&request.client_id).await?;
                let grant = match grant {
                    Some(grant) => reader.load(Grant::at(grant)).await?,
                    None => None,
                };
                (client, grant)
            }
        };
        // The client may have been suspended or changed while the person was reading.
        let client = client.filter(|client| client.state == ClientState::Active);
        let Some(client) = client.filter(|client| redirect_uri::is_registered(client, &request.redirect_uri)) else {
            return Ok(Err(InteractionError::ClientGone));
        };
        let scopes = request.scopes.intersection(&client.scopes);
        Ok(Ok(Pending { interaction, request, client, grant, scopes }))
    }

    pub(crate) fn next(&self, person: Option<&Person>, policy: &Policy, now: Timestamp) -> Next {
        if !self.client.allows(GrantTypeName::AuthorizationCode) {
            return Next::Refuse(AuthorizationRefusal::GrantTypeNotAllowed);
        }
        if self.scopes.is_empty() {
            return Next::Refuse(AuthorizationRefusal::ScopeNotAllowed);
        }
        let authentication = person.map(|person| &person.authentication);
        let in_answer = match (&self.interaction, authentication) {
            (Some(interaction), Some(authentication)) => interaction.was_answered_by(authentication),
            _ => false,
        };
        let facts = Facts {
            authentication,
            sign_in: if in_answer { SignIn::InAnswer } else { SignIn::Before },
            client: &self.client,
            grant: authentication.and_then(|authentication| {
                self.grant.as_deref().filter(|grant| grant.holds(authentication.account_generation(), policy, now))
            }),
            scopes: &self.scopes,
            now,
        };
        prompt::next(&self.request, &facts)
    }

    /// What only the consent page that this browser was shown, for this person, about exactly this, can send back.
    pub(crate) fn ticket(&self, browser: &Browser, person: &Person) -> Secret {
        let id = self.interaction.as_ref().map_or("", |interaction| interaction.id.as_str());
        let scopes = self.scopes.to_string();
        let resources = self.request.resources.join(" ");
        let subject = person.authentication.subject().as_str();
        browser.ticket(&["consent", id, subject, &self.client.fingerprint(), &scopes, &resources])
    }
}

#[async_trait]
impl Operation for Settle<'_> {
    type Loaded = Result<Pending, InteractionError>;
    type Plan = Result<Settled, InteractionError>;
    type Answer = Result<Settled, InteractionError>;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        match self.step {
            Step::Begin { request } => Pending::load(self.issuer, reader, None, request.clone(), self.person).await,
            Step::Resume { interaction } | Step::Answer { interaction, .. } => {
                Pending::resume(self.issuer, reader, interaction, self.browser, self.person).await
            }
        }
    }

    fn decide(&self, pending: Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Plan> {
        let pending = match pending {
            Ok(pending) => pending,
            Err(error) => return Decision::answer(Err(error)),
        };
        match (pending.next(self.person, &self.issuer.policy, moment.now), self.step, self.person) {
            (Next::Refuse(refusal), ..) => refuse(pending, refusal, moment),
            (Next::Ask(Prompt::SignIn), ..) => self.ask(pending, Prompt::SignIn, moment),
            (Next::Ask(Prompt::Consent) | Next::Nothing, Step::Answer { ticket, answer, .. }, Some(person)) => {
                if pending.ticket(self.browser, person) != *ticket {
                    return Decision::answer(Err(InteractionError::ForeignAnswer));
                }
                self.answer(pending, person, answer, moment)
            }
            (Next::Nothing, _, Some(person)) => match pending.grant.clone() {
                Some(grant) => {
                    let scopes = pending.scopes.intersection(&grant.scopes);
                    self.issue(pending, person, grant.record, scopes, Changes::none(), moment)
                }
                None => self.ask(pending, Prompt::Consent, moment),
            },
            (Next::Ask(Prompt::Consent), ..) => self.ask(pending, Prompt::Consent, moment),
            (Next::Nothing, _, None) => self.ask(pending, Prompt::SignIn, moment),
        }
    }

    async fn seal(&self, plan: Self::Plan, _: &mut Changes) -> Result<Self::Answer, Fault> {
        Ok(plan)
    }
}

impl Settle<'_> {
    /// Nothing changes for an interaction that is already there; a new request becomes one.
    fn ask(
        &self,
        pending: Pending,
        prompt: Prompt,
        moment: &Moment<'_>,
    ) -> Decision<Result<Settled, InteractionError>> {
        if let Some(interaction) = pending.interaction {
            return Decision::answer(Ok(Settled::Prompt { prompt, interaction: interaction.record.id }));
        }
        let interaction = Interaction {
            id: identifier("int", moment.random),
            browser: self.browser.handle(),
            request: pending.request,
            state: InteractionState::Pending,
            began_with: self.person.map(|person| person.authentication.clone()),
            created_at: moment.now,
            expires_at: moment.now + self.issuer.policy.interaction_lifetime,
        };
        let mut changes = Changes::none();
        changes.insert(&interaction);
        Decision::changing(Ok(Settled::Prompt { prompt, interaction: interaction.id }), changes)
    }

    fn answer(
        &self,
        pending: Pending,
        person: &Person,
        answer: &ConsentAnswer,
        moment: &Moment<'_>,
    ) -> Decision<Result<Settled, InteractionError>> {
        let approved: Scopes = match answer {
            ConsentAnswer::Approve { scopes } => scopes.iter().map(String::as_str).collect(),
            ConsentAnswer::Deny => Scopes::default(),
        };
        if !approved.is_within(&pending.scopes) {
            return Decision::answer(Err(InteractionError::Widened));
        }
        let subject = person.authentication.subject();
        let event = |action| {
            Event::new(action, Actor::Person { subject: subject.clone() })
                .for_subject(subject)
                .with("client_id", pending.client.client_id.as_str())
        };
        if approved.is_empty() {
            let event = event("grant.approve").denied("access_denied");
            return refuse(pending, AuthorizationRefusal::AccessDenied, moment).report(event);
        }
        let event = event("grant.approve").with("scope", approved.to_string());
        let approval = Approval {
            request: &pending.request,
            client: &pending.client,
            shown: &pending.scopes,
            approved: &approved,
            authentication: &person.authentication,
        };
        let grant = approval.grant(pending.grant.as_deref(), &self.issuer.policy, moment.now);
        let mut changes = Changes::none();
        match &pending.grant {
            Some(stored) => changes.replace(&stored.with(grant.clone())),
            None => changes.insert(&grant),
        };
        self.issue(pending, person, grant, approved, changes, moment).report(event)
    }

    fn issue(
        &self,
        pending: Pending,
        person: &Person,
        grant: Grant,
        scopes: Scopes,
        mut changes: Changes,
        moment: &Moment<'_>,
    ) -> Decision<Result<Settled, InteractionError>> {
        let policy = &self.issuer.policy;
        let (code, record) = code::issue(&pending.request, &grant, scopes, &person.authentication, policy, moment);
        changes.insert(&record);
        finish(pending.interaction, &mut changes, moment.now);
        Decision::changing(Ok(Settled::Code { request: pending.request, code }), changes)
    }
}

fn refuse(
    pending: Pending,
    refusal: AuthorizationRefusal,
    moment: &Moment<'_>,
) -> Decision<Result<Settled, InteractionError>> {
    let mut changes = Changes::none();
    finish(pending.interaction, &mut changes, moment.now);
    Decision::changing(Ok(Settled::Refused { request: pending.request, refusal }), changes)
}

fn finish(interaction: Option<Stored<Interaction>>, changes: &mut Changes, now: Timestamp) {
    if let Some(mut interaction) = interaction {
        interaction.record.state = InteractionState::Finished { at: now };
        changes.replace(&interaction);
    }
}
