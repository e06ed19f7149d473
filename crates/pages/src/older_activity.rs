//! `/dashboard/activity`: everything that happened around a person, the newest first, a page at a time.

use http::StatusCode;
use serde::Serialize;

use crate::activity::ActivityRow;
use crate::dashboard::names;
use crate::form::Form;
use crate::form_action::FormAction;
use crate::happening;
use crate::onward::Onward;
use crate::pages::{Answer, Pages, Person};
use crate::place::Places;
use crate::templates::Page;
use crate::visit::Visit;
use crate::when::When;

/// What the page shows.
#[derive(Clone, Debug, Serialize)]
pub struct ActivityPage {
    /// The e-mail address of who looks.
    pub account: String,
    /// Ends this session.
    pub sign_out: Form,
    /// Whether a page with what happened later comes before it.
    pub continued: bool,
    /// What happened, newest first.
    pub activity: Vec<ActivityRow>,
    /// The link to what happened before.
    pub older: Option<String>,
}

impl Page for ActivityPage {
    const TEMPLATE: &'static str = "activity.html";
}

impl Pages {
    /// `GET /dashboard/activity`. `before` is where the page before ended; any other text leads to the newest page.
    pub(crate) async fn show_activity(&self, visit: &Visit) -> Answer {
        let query = visit.query()?;
        let Person { account, .. } = self.person(visit, Onward::back_to("/dashboard/activity")).await?;
        let browser = self.form_tokens.browser(&visit.headers);
        let places = Places::of("older activity", &account.subject, &browser);
        let before = query.value("before").and_then(|before| places.open(before));
        let (happenings, next) = happening::older(&self.ports, &account.subject, before.as_ref()).await?;
        let older = next.map(|next| places.query("before", &next)).transpose()?;
        let grants = self.issuer.grants(&account.subject).await?;
        let agents = self.agents_of(&account.subject, None).await?;
        let (now, name) = (self.ports.now(), names(&agents, &grants));
        let page = ActivityPage {
            account: account.email.as_str().to_owned(),
            sign_out: self.new_form(&browser, "/sign-out"),
            continued: before.is_some(),
            activity: happenings
                .iter()
                .map(|happening| ActivityRow::of(happening, now, When::by_clock, &name))
                .collect(),
            older: older.map(|query| format!("/dashboard/activity?{query}")),
        };
        self.show(browser, StatusCode::OK, &page, &FormAction::OWN)
    }
}
