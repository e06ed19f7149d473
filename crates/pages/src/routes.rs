//! The table of routes. It names everything that the pages answer, and here are the rules that hold for all of it.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::Endpoints;
use countersign_web::media_type;
use countersign_web::route::{Asked, At, GET, Mounted, Origins, POST, Row, Table};
use http::{HeaderValue, Method, Request, Response};

use crate::assets;
use crate::dashboard::Revocable;
use crate::document::protect;
use crate::form::TOKEN_FIELD;
use crate::json_api::{Call, not_allowed};
use crate::pages::{Answer, Pages};
use crate::refusal::Refusal;
use crate::visit::Visit;

type Route = Row<'static, Endpoint>;
type Show = for<'a> fn(&'a Pages, &'a Visit) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// What answers.
#[derive(Clone, Copy)]
enum Endpoint {
    /// What shows a page.
    Page(Show),
    /// What a form is sent to, and what its second click is told.
    Form(Show, SecondClick),
    /// What sends a file that pages refer to.
    Asset(fn(&assets::Assets, Option<&str>) -> Response<Bytes>),
    /// What answers a call of the JSON API.
    Call(Call),
}

/// What a second post of the same form is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SecondClick {
    /// It is told the outcome of the first.
    Repeats,
    /// It is told what the endpoint says. That knows the first by itself, or ends the same way however often it is asked.
    AsksAgain,
}

/// The pages, at the root of the issuer's origin.
const PAGES: &[Route] = &[
    page("/", |pages, visit| Box::pin(pages.home(visit))),
    page("/sign-up", |pages, visit| Box::pin(pages.show_sign_up(visit))),
    form("/sign-up", SecondClick::Repeats, |pages, visit| Box::pin(pages.sign_up(visit))),
    page("/sign-in", |pages, visit| Box::pin(pages.show_sign_in(visit))),
    form("/sign-in", SecondClick::Repeats, |pages, visit| Box::pin(pages.sign_in(visit))),
    form("/sign-out", SecondClick::AsksAgain, |pages, visit| Box::pin(pages.sign_out(visit))),
    page("/consent", |pages, visit| Box::pin(pages.show_consent(visit))),
    form("/consent", SecondClick::AsksAgain, |pages, visit| Box::pin(pages.consent(visit))),
    page("/dashboard", |pages, visit| Box::pin(pages.show_dashboard(visit))),
    page("/dashboard/activity", |pages, visit| Box::pin(pages.show_activity(visit))),
    revoke("/dashboard/sessions/revoke", |pages, visit| Box::pin(pages.revoke(Revocable::Session, visit))),
    revoke("/dashboard/other-sessions/revoke", |pages, visit| Box::pin(pages.revoke(Revocable::OtherSessions, visit))),
    revoke("/dashboard/apps/revoke", |pages, visit| Box::pin(pages.revoke(Revocable::App, visit))),
    asset(assets::STYLESHEET, assets::Assets::stylesheet),
    asset(assets::ICON, assets::Assets::icon),
];

/// Further pages of a server that has agents.
const AGENTS: &[Route] = &[
    page("/device", |pages, visit| Box::pin(pages.show_device(visit))),
    form("/device", SecondClick::AsksAgain, |pages, visit| Box::pin(pages.device(visit))),
    revoke("/dashboard/agents/dismiss", |pages, visit| Box::pin(pages.revoke(Revocable::Waiting, visit))),
    revoke("/dashboard/agents/revoke", |pages, visit| Box::pin(pages.revoke(Revocable::Agent, visit))),
    revoke("/dashboard/hosts/dismiss", |pages, visit| Box::pin(pages.revoke(Revocable::AllWaiting, visit))),
    revoke("/dashboard/hosts/revoke", |pages, visit| Box::pin(pages.revoke(Revocable::Host, visit))),
];

/// The JSON API, below the issuer.
const CALLS: &[Route] = &[
    call("/sign-up/email", POST, |pages, visit| Box::pin(pages.call_sign_up(visit))),
    call("/sign-in/email", POST, |pages, visit| Box::pin(pages.call_sign_in(visit))),
    call("/sign-out", POST, |pages, visit| Box::pin(pages.call_sign_out(visit))),
    call("/get-session", GET, |pages, visit| Box::pin(pages.call_get_session(visit))),
    call("/list-sessions", GET, |pages, visit| Box::pin(pages.call_list_sessions(visit))),
    call("/revoke-session", POST, |pages, visit| Box::pin(pages.call_revoke_session(visit))),
    call("/revoke-sessions", POST, |pages, visit| Box::pin(pages.call_revoke_sessions(visit))),
    call("/revoke-other-sessions", POST, |pages, visit| Box::pin(pages.call_revoke_other_sessions(visit))),
];

const fn page(path: &'static str, answer: Show) -> Route {
    Route { at: At::Root(path), methods: GET, origins: Origins::None, theirs: Endpoint::Page(answer) }
}

const fn form(path: &'static str, second_click: SecondClick, answer: Show) -> Route {
    Route { at: At::Root(path), methods: POST, origins: Origins::None, theirs: Endpoint::Form(answer, second_click) }
}

const fn revoke(path: &'static str, answer: Show) -> Route {
    form(path, SecondClick::Repeats, answer)
}

const fn asset(path: &'static str, answer: fn(&assets::Assets, Option<&str>) -> Response<Bytes>) -> Route {
    Route { at: At::Root(path), methods: GET, origins: Origins::None, theirs: Endpoint::Asset(answer) }
}

const fn call(path: &'static str, methods: &'static [Method], answer: Call) -> Route {
    Route { at: At::Below(path), methods, origins: Origins::None, theirs: Endpoint::Call(answer) }
}

impl Pages {
    /// Every path that is answered, and how it may be asked.
    pub fn mounted(&self) -> Vec<Mounted> {
        [self.pages().mounted(), self.calls().mounted()].concat()
    }

    fn pages(&self) -> Table<'_, Endpoint> {
        Table { base: &self.base, rows: if self.agents.is_some() { &[PAGES, AGENTS] } else { &[PAGES] } }
    }

    fn calls(&self) -> Table<'_, Endpoint> {
        Table { base: &self.base, rows: &[CALLS] }
    }

    async fn dispatch(&self, endpoint: Endpoint, visit: &Visit) -> Response<Bytes> {
        match endpoint {
            Endpoint::Asset(answer) => answer(self.templates.assets(), visit.query.as_deref()),
            Endpoint::Call(call) => self.answer_call(call, visit).await,
            Endpoint::Page(answer) | Endpoint::Form(answer, SecondClick::AsksAgain) => self.shown(answer, visit).await,
            Endpoint::Form(answer, SecondClick::Repeats) => self.shown_once(answer, visit).await,
        }
    }

    fn not_allowed(&self, allowed: HeaderValue) -> Response<Bytes> {
        protect(self.refuse(Refusal::MethodNotAllowed { allowed }.into()))
    }

    /// Answers with the headers that each answer has, whoever wrote it.
    async fn shown(&self, answer: Show, visit: &Visit) -> Response<Bytes> {
        protect(answer(self, visit).await.unwrap_or_else(|stopped| self.refuse(stopped)))
    }

    async fn shown_once(&self, answer: Show, visit: &Visit) -> Response<Bytes> {
        let fields = match self.form(visit) {
            Ok(fields) => fields,
            Err(refusal) => return protect(self.refuse(refusal.into())),
        };
        let click = self.clicks.of(visit, fields.text(TOKEN_FIELD));
        let answer = self.once(visit, click, self.shown(answer, visit)).await;
        answer.unwrap_or_else(|fault| protect(self.refuse(fault.into())))
    }
}

#[async_trait]
impl Endpoints for Pages {
    async fn answer(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Request<Bytes>> {
        let path = request.uri().path();
        let page = self.pages().at(path);
        // For an issuer without a path, `/sign-out` is both a page's and a call's. The page takes forms, the call does not.
        let call = self.calls().at(path).filter(|_| page.is_none() || !is_form(&request));
        let refuse = if call.is_some() { not_allowed } else { Pages::not_allowed };
        let Some(place) = call.or(page) else { return Err(request) };
        Ok(match place.ask(&mut request) {
            Asked::Row(row) => self.dispatch(row.theirs, &Visit::of(request)).await,
            Asked::Preflight(_) | Asked::NotAllowed => refuse(self, place.allow()),
        })
    }
}

fn is_form(request: &Request<Bytes>) -> bool {
    media_type::is(request.headers(), media_type::FORM)
}
