//! What the pages see of an interaction, and how they answer it.

use bytes::Bytes;
use countersign_storage::{Secret, Stopped, Subject};
use http::{HeaderMap, Response};
use url::Url;

use crate::authorize::answer::Answer;
use crate::authorize::browser::Browser;
use crate::authorize::pending::Pending;
use crate::authorize::person::Person;
use crate::authorize::prompt::{Next, Prompt};
use crate::authorize::resume::Resume;
use crate::authorize::resumed::{Found, Resumed};
use crate::authorize::{ConsentAnswer, InteractionRefusal, Validated};
use crate::client::Client;
use crate::issuer::Issuer;

/// What is asked at present.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InteractionView {
    /// The interaction, as it was given: up to 6,000 characters.
    pub id: String,
    /// The question.
    pub prompt: InteractionPrompt,
    /// `ui_locales` of the request, for pages in several languages.
    pub ui_locales: Option<String>,
}

/// The question to the person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum InteractionPrompt {
    /// Who are you?
    SignIn(SignInView),
    /// Do you allow this?
    Consent(Box<ConsentView>),
    /// Nothing is asked: call [`Issuer::resume`].
    Nothing,
}

/// For the sign-in page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignInView {
    /// The client's name.
    pub client_name: String,
    /// What the client thinks that the person signs in with. Not proven.
    pub login_hint: Option<String>,
    /// The source for a `form-action` directive of Content-Security-Policy: a sign-in after which nothing is left to ask
    /// redirects there.
    pub redirect_source: String,
}

/// For the consent page. Everything comes from the stored request and the registered client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsentView {
    /// The client's id.
    pub client_id: String,
    /// The client's name.
    pub client_name: String,
    /// The client's home page.
    pub client_uri: Option<String>,
    /// The client's logo.
    pub logo_uri: Option<String>,
    /// The client's privacy policy.
    pub policy_uri: Option<String>,
    /// The client's terms of service.
    pub tos_uri: Option<String>,
    /// Where the person will be sent: the host, or the scheme of an application's own URI.
    pub redirect_host: String,
    /// The source for a `form-action` directive of Content-Security-Policy that lets the answer redirect there.
    pub redirect_source: String,
    /// What is asked for.
    pub scopes: Vec<ScopeView>,
    /// What it is for.
    pub resources: Vec<ResourceView>,
    /// Who is asked.
    pub account: AccountView,
    /// To be sent back with the answer: it belongs to this browser, this person and exactly what is shown.
    pub csrf: Secret,
}

/// A scope, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ScopeView {
    /// The value to send back.
    pub name: String,
    /// What it allows.
    pub description: String,
}

/// A resource, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ResourceView {
    /// Its URI.
    pub identifier: String,
    /// Its name; the URI where it has none.
    pub name: String,
}

/// The person who is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AccountView {
    /// Their subject.
    pub subject: Subject,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

impl Issuer {
    /// What is asked at present. `headers` are those of the request for the page: its cookies say which browser it is, and
    /// who is signed in.
    ///
    /// # Errors
    /// [`InteractionRefusal`], and the faults of the ports.
    pub async fn interaction(
        &self,
        id: &str,
        headers: &HeaderMap,
    ) -> Result<InteractionView, Stopped<InteractionRefusal>> {
        let (browser, person) = self.visitor(headers).await?;
        let mut reader = self.ports.reader();
        let resumed = match Resumed::find(self, &mut reader, id, &browser, person.as_ref()).await? {
            Found::Open(resumed) => resumed,
            Found::Answered(_) => return Err(InteractionRefusal::Finished.into()),
            Found::Over(refusal) => return Err(refusal.into()),
        };
        let Pending { request, client, .. } = &resumed.pending;
        let prompt = match (resumed.next(person.as_ref(), &self.policy, reader.now()), &person) {
            (Next::Ask(Prompt::Consent), Some(person)) => {
                InteractionPrompt::Consent(Box::new(self.consent_view(&resumed, &browser, person).await?))
            }
            (Next::Ask(Prompt::SignIn), _) => InteractionPrompt::SignIn(SignInView {
                client_name: client.name.clone(),
                redirect_source: destination(request).1,
                login_hint: request.login_hint.clone(),
            }),
            _ => InteractionPrompt::Nothing,
        };
        Ok(InteractionView { id: id.to_owned(), prompt, ui_locales: request.ui_locales.clone() })
    }

    /// Goes on after the person signed in: to the next page, or back to the client. `headers` are those of the request,
    /// with the cookie of the session that was just made. For a minute after it was answered, the response is the same.
    ///
    /// # Errors
    /// [`InteractionRefusal`], and the faults of the ports.
    pub async fn resume(&self, id: &str, headers: &HeaderMap) -> Result<Response<Bytes>, Stopped<InteractionRefusal>> {
        let (browser, person) = self.visitor(headers).await?;
        let resume = Resume { issuer: self, interaction: id, browser: &browser, person: person.as_ref() };
        Ok(self.ports.perform_sealing(&resume).await?.respond(self))
    }

    /// Takes the person's answer, once: the first that is good finishes the interaction, in the commit that makes the code.
    /// For a minute, the same answer in the same browser gets the same response again.
    /// Where the person has to sign in first, the response sends them there, and nothing is decided.
    ///
    /// # Errors
    /// [`InteractionRefusal`], and the faults of the ports.
    pub async fn decide_consent(
        &self,
        id: &str,
        headers: &HeaderMap,
        answer: &ConsentAnswer,
        csrf: &Secret,
    ) -> Result<Response<Bytes>, Stopped<InteractionRefusal>> {
        let (browser, person) = self.visitor(headers).await?;
        let person = person.as_ref();
        let answer = Answer { issuer: self, interaction: id, browser: &browser, person, ticket: csrf, answer };
        Ok(self.ports.perform_sealing(&answer).await?.respond(self))
    }

    async fn visitor(&self, headers: &HeaderMap) -> Result<(Browser, Option<Person>), Stopped<InteractionRefusal>> {
        let browser = Browser::recognise(headers, &self.url).ok_or(InteractionRefusal::Unknown)?;
        Ok((browser, self.person(headers).await?))
    }

    async fn consent_view(
        &self,
        resumed: &Resumed,
        browser: &Browser,
        person: &Person,
    ) -> Result<ConsentView, Stopped<InteractionRefusal>> {
        let pending = &resumed.pending;
        let account = self.accounts.by_subject(person.subject()).await?.ok_or(InteractionRefusal::Unknown)?;
        let Client { client_id, name, client_uri, logo_uri, policy_uri, tos_uri, .. } = pending.client.clone();
        let (redirect_host, redirect_source) = destination(&pending.request);
        let scopes = pending.scopes.iter().map(|name| ScopeView {
            name: name.to_owned(),
            description: self.policy.scope(name).map_or(name, |scope| &scope.description).to_owned(),
        });
        let resources = pending.request.resources.iter().map(|identifier| ResourceView {
            identifier: identifier.clone(),
            name: self.policy.resource(identifier).map_or(identifier, |resource| &resource.name).clone(),
        });
        Ok(ConsentView {
            client_id,
            client_name: name,
            client_uri,
            logo_uri,
            policy_uri,
            tos_uri,
            redirect_host,
            redirect_source,
            scopes: scopes.collect(),
            resources: resources.collect(),
            account: AccountView {
                subject: account.subject,
                name: account.name,
                email: account.email.as_str().to_owned(),
            },
            csrf: resumed.ticket(browser, person),
        })
    }
}

fn destination(request: &Validated) -> (String, String) {
    let Ok(url) = Url::parse(&request.redirect_uri) else { return (String::new(), String::new()) };
    match url.host_str() {
        Some(host) if matches!(url.scheme(), "https" | "http") => (host.to_owned(), url.origin().ascii_serialization()),
        _ => (url.scheme().to_owned(), format!("{}:", url.scheme())),
    }
}
