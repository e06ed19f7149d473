//! `/device`: a person approves an agent by the code that the agent shows ([Agent Auth §7.1], [RFC 8628 §3.3]).
//!
//! [Agent Auth §7.1]: https://agentauthprotocol.com/specification/v1.0-draft
//! [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3

use std::time::Duration;

use countersign_agent_auth::{
    AgentProvider, ApprovalAnswer, ApprovalRefusal, ApprovalView, Decided, Freshness, GrantView, HostLink,
    RequestedView, Stage,
};
use countersign_storage::{Stopped, Timestamp};
use countersign_web::text::{cleaned_or, quoted_or};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde::Serialize;
use url::form_urlencoded;

use crate::document::see_other;
use crate::form::Form;
use crate::form_action::FormAction;
use crate::onward::Onward;
use crate::pages::{Answer, Pages, Person};
use crate::refusal::Refusal;
use crate::refuse::retry_after;
use crate::templates::Page;
use crate::visit::Visit;
use crate::when::When;

/// The page that asks for the code.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceCodePage {
    /// Asks again with `user_code` in the query: looking changes nothing.
    pub action: String,
    /// What was typed before.
    pub user_code: String,
    /// What went wrong.
    pub problem: Option<String>,
}

impl Page for DeviceCodePage {
    const TEMPLATE: &'static str = "device_code.html";
}

/// The page that shows what an agent asks for.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceApprovalPage {
    /// Posts `answer` (`approve` or `deny`), `confirm`, and `capability.NAME` for each that stayed ticked.
    pub form: Form,
    /// The code. The person compares it with what the agent shows.
    pub user_code: String,
    /// Whether the agent is at work already and asks for more.
    pub escalation: bool,
    /// Who is signed in.
    pub account: String,
    /// What the agent calls itself.
    pub agent_name: String,
    /// What its host calls itself.
    pub host_name: Option<String>,
    /// Why it asks, in its own words.
    pub reason: Option<String>,
    /// What else approving does, in words.
    pub notes: Vec<String>,
    /// When the code ends.
    pub expires: When,
    /// What it asks for.
    pub capabilities: Vec<CapabilityRow>,
    /// For how long it may be allowed, where that is a choice: posted as `at_most`.
    pub periods: Vec<Period>,
    /// Whether the session is fresh enough to approve.
    pub fresh: bool,
    /// Where one confirms that it is oneself.
    pub confirm: String,
    /// What went wrong.
    pub problem: Option<String>,
}

/// One capability that was asked or granted.
#[derive(Clone, Debug, Serialize)]
pub struct CapabilityRow {
    /// Its name on the wire.
    pub name: String,
    /// What it does, in our own words.
    pub description: String,
    /// Its limits, in words.
    pub limits: Vec<LimitRow>,
    /// When it ends by itself. Of one that is asked, this is the end if all of the time is given.
    pub ends: Option<When>,
}

/// A time that a person may allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Period {
    /// The value that is posted, in seconds.
    pub seconds: u64,
    /// What the person reads.
    pub words: &'static str,
}

/// What one argument may be.
#[derive(Clone, Debug, Serialize)]
pub struct LimitRow {
    /// What the person reads.
    pub text: String,
    /// Whether it is open on a side, which is worth a warning.
    pub open: bool,
}

impl Page for DeviceApprovalPage {
    const TEMPLATE: &'static str = "device_approval.html";
}

impl Pages {
    /// `GET /device`: asks for the code, or shows what it stands for. It never approves anything.
    pub(crate) async fn show_device(&self, visit: &Visit) -> Answer {
        let query = visit.query()?;
        let user_code = query.text("user_code").trim();
        let person = self.person(visit, Onward::back_to(&address(user_code))).await?;
        if user_code.is_empty() {
            return self.ask_for_code(visit, "", None);
        }
        match self.provider()?.approval(user_code, &person.session.authentication()).await {
            Ok(view) => self.show_approval(visit, &person, user_code, &view, None),
            Err(stopped) => self.ask_again(visit, user_code, stopped),
        }
    }

    /// `POST /device`: takes the answer.
    pub(crate) async fn device(&self, visit: &Visit) -> Answer {
        let fields = self.form(visit)?;
        let user_code = fields.text("user_code");
        let person = self.person(visit, Onward::back_to(&address(user_code))).await?;
        let who = person.session.authentication();
        let answer = match fields.text("answer") {
            "approve" if fields.value("confirm").is_some() => ApprovalAnswer::Approve {
                capabilities: fields.ticked("capability."),
                at_most: at_most(fields.text("at_most"))?,
            },
            "approve" => return self.show_again(visit, &person, user_code, Unconfirmed).await,
            "deny" => ApprovalAnswer::Deny,
            _ => return Err(Refusal::Forged.into()),
        };
        match self.provider()?.decide_approval(user_code, &who, answer, fields.text("shown")).await {
            Ok(Decided::Approved { .. }) => Ok(see_other("/dashboard?done=approved")),
            Ok(Decided::Denied) => Ok(see_other("/dashboard?done=denied")),
            Err(Stopped::Refused(again @ (ApprovalRefusal::FreshSessionRequired | ApprovalRefusal::Changed))) => {
                self.show_again(visit, &person, user_code, again).await
            }
            Err(stopped) => self.ask_again(visit, user_code, stopped),
        }
    }

    fn provider(&self) -> Result<&AgentProvider, Refusal> {
        self.agents.as_deref().ok_or(Refusal::NotFound)
    }

    /// Shows what was asked once more, because the answer was not accepted.
    async fn show_again(&self, visit: &Visit, person: &Person, user_code: &str, problem: impl Problem) -> Answer {
        match self.provider()?.approval(user_code, &person.session.authentication()).await {
            Ok(view) => self.show_approval(visit, person, user_code, &view, Some(&problem)),
            Err(stopped) => self.ask_again(visit, user_code, stopped),
        }
    }

    /// Asks for another code, because this one did not do.
    fn ask_again(&self, visit: &Visit, user_code: &str, stopped: Stopped<ApprovalRefusal>) -> Answer {
        match stopped {
            Stopped::Refused(refusal) => self.ask_for_code(visit, user_code, Some(&refusal)),
            Stopped::Failed(fault) => Err(fault.into()),
        }
    }

    fn ask_for_code(&self, visit: &Visit, user_code: &str, error: Option<&ApprovalRefusal>) -> Answer {
        let page = DeviceCodePage {
            action: "/device".to_owned(),
            user_code: cleaned_or(user_code, 32, ""),
            problem: error.map(|error| words(error).to_owned()),
        };
        let status = error.map_or(StatusCode::OK, ApprovalRefusal::status);
        let browser = self.form_tokens.browser(&visit.headers);
        let mut response = self.show(browser, status, &page, &FormAction::OWN)?;
        if let Some(ApprovalRefusal::Throttled(wait)) = error {
            response.headers_mut().insert(RETRY_AFTER, retry_after(*wait));
        }
        Ok(response)
    }

    fn show_approval(
        &self,
        visit: &Visit,
        person: &Person,
        user_code: &str,
        view: &ApprovalView,
        problem: Option<&dyn Problem>,
    ) -> Answer {
        let browser = self.form_tokens.browser(&visit.headers);
        let form = self.new_form(&browser, "/device").with("user_code", user_code).with("shown", &view.shown);
        let now = self.ports.now();
        let longest = view.capabilities.iter().map(|asked| asked.lasts.unwrap_or(Duration::MAX)).max();
        // The texts are the provider's, cleaned by it: what it hashed is what is shown.
        let page = DeviceApprovalPage {
            form,
            user_code: as_shown(user_code),
            escalation: view.stage == Stage::Escalation,
            account: person.account.email.as_str().to_owned(),
            agent_name: view.agent_name.clone(),
            host_name: view.host_name.clone(),
            reason: view.reason.clone(),
            notes: notes(view),
            expires: When::new(view.expires_at, now),
            capabilities: view.capabilities.iter().map(|asked| CapabilityRow::of(asked, now)).collect(),
            periods: PERIODS.into_iter().filter(|period| longest > Some(period.duration())).collect(),
            fresh: view.freshness == Freshness::Fresh,
            confirm: Onward::back_to(&address(user_code)).link("/sign-in", &[("confirm", "1")]),
            problem: problem.map(|problem| problem.text().to_owned()),
        };
        let status = problem.map_or(StatusCode::OK, Problem::status);
        self.show(browser, status, &page, &FormAction::OWN)
    }
}

/// Why the same question is asked again.
trait Problem: Send + Sync {
    fn status(&self) -> StatusCode;
    fn text(&self) -> &'static str;
}

/// The person did not say that they started it themselves.
struct Unconfirmed;

impl Problem for Unconfirmed {
    fn status(&self) -> StatusCode {
        StatusCode::UNPROCESSABLE_ENTITY
    }

    fn text(&self) -> &'static str {
        "Nothing was approved. Tick the box to say that you started this yourself."
    }
}

impl Problem for ApprovalRefusal {
    fn status(&self) -> StatusCode {
        ApprovalRefusal::status(self)
    }

    fn text(&self) -> &'static str {
        words(self)
    }
}

impl CapabilityRow {
    fn of(view: &RequestedView, now: Timestamp) -> Self {
        CapabilityRow {
            name: view.name.clone(),
            description: view.description.clone(),
            limits: LimitRow::all(&view.limits),
            ends: view.lasts.map(|lasts| When::new(now + lasts, now)),
        }
    }

    /// What was granted, in the words of the approval.
    pub(crate) fn granted(view: &GrantView, now: Timestamp) -> Self {
        CapabilityRow {
            name: view.capability.clone(),
            description: view.description.clone().unwrap_or_else(|| "No longer offered here".to_owned()),
            limits: LimitRow::all(&view.limits),
            ends: view.expires_at.map(|at| When::new(at, now)),
        }
    }
}

impl LimitRow {
    fn all(limits: &[String]) -> Vec<LimitRow> {
        limits.iter().map(|text| LimitRow { open: is_open(text), text: text.clone() }).collect()
    }
}

impl Period {
    fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// Reads the time that was chosen. It is one of those that are offered, or none.
fn at_most(chosen: &str) -> Result<Option<Duration>, Refusal> {
    if chosen.is_empty() {
        return Ok(None);
    }
    let period = PERIODS.into_iter().find(|period| period.seconds.to_string() == chosen).ok_or(Refusal::Forged)?;
    Ok(Some(period.duration()))
}

/// What went wrong, for a person.
fn words(error: &ApprovalRefusal) -> &'static str {
    match error {
        ApprovalRefusal::AccountUnusable => "This account cannot be used. Sign in with another one.",
        ApprovalRefusal::Decided => "This request was answered already. Your dashboard shows what your agents may do.",
        ApprovalRefusal::TooManyHosts => "You have too many connected programs. Revoke one on your dashboard first.",
        ApprovalRefusal::Changed => {
            "Nothing was approved: the page showed something else. This is what is asked for now."
        }
        ApprovalRefusal::Expired => "This code has expired. Let your agent ask again.",
        ApprovalRefusal::ForeignHost => "The program that runs this agent is linked to another person.",
        ApprovalRefusal::FreshSessionRequired => "Nothing was approved. Confirm that it is you first.",
        ApprovalRefusal::NotAsked => "Nothing was approved: the agent did not ask for all of that.",
        ApprovalRefusal::SessionEnded => "Nothing was approved: you are signed out. Sign in again.",
        ApprovalRefusal::Throttled(_) => "Too many codes were tried. Wait a little, then try again.",
        ApprovalRefusal::UnknownCode => "This code is not known. It may be mistyped, or replaced by a newer one.",
    }
}

/// Whether a limit says that there is none.
fn is_open(limit: &str) -> bool {
    ["any value", "any text", "any number", "any whole number", "any multiple", "no lower limit", "no upper limit"]
        .iter()
        .any(|open| limit.contains(open))
}

/// What else an approval does.
fn notes(view: &ApprovalView) -> Vec<String> {
    let links = (view.host_link == HostLink::WillLink).then(|| {
        let days = (view.host_lasts.as_secs() / 86_400).max(1);
        format!(
            "This also links the program that runs the agent to your account. The link ends when it is not used for {days} \
             days."
        )
    });
    let claims = view.claims.iter().map(|name| {
        let name = quoted_or(name, NAME, UNNAMED);
        format!("The agent {name} acts for nobody so far. It stops, and what it did is kept under your name.")
    });
    links.into_iter().chain(claims).collect()
}

/// A code as agents show it, in capitals and in two halves, however it was typed.
fn as_shown(user_code: &str) -> String {
    let code: String = user_code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    match code.split_at_checked(code.len() / 2) {
        Some((one, two)) if !one.is_empty() && code.len().is_multiple_of(2) => format!("{one}-{two}"),
        _ => code,
    }
}

/// The address of the page that shows what this code stands for.
fn address(user_code: &str) -> String {
    if user_code.is_empty() {
        return "/device".to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("user_code", user_code).finish();
    format!("/device?{query}")
}

const UNNAMED: &str = "an agent without a name";
const NAME: usize = 80;
const PERIODS: [Period; 4] = [
    Period { seconds: 3_600, words: "One hour" },
    Period { seconds: 86_400, words: "One day" },
    Period { seconds: 7 * 86_400, words: "One week" },
    Period { seconds: 30 * 86_400, words: "30 days" },
];
