//! Writes each page, filled with made-up people, into a folder:
//! `cargo run -p countersign-pages --example render -- <folder>`. To look at, and to start one's own templates from.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_pages::consent::{ConsentPage, ConsentScope};
use countersign_pages::dashboard::{
    AccountView, ActivityRow, AgentRow, AppRow, DashboardPage, HostRow, SessionRow, WaitingRow,
};
use countersign_pages::device::{CapabilityRow, DeviceApprovalPage, DeviceCodePage, LimitRow, Period};
use countersign_pages::message::{Link, MessagePage};
use countersign_pages::older_activity::ActivityPage;
use countersign_pages::sign_in::SignInPage;
use countersign_pages::sign_up::SignUpPage;
use countersign_pages::{Form, Page, TemplateSource, Templates, When};
use countersign_storage::Timestamp;

const NOW: Timestamp = Timestamp(1_795_330_800);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: render <folder> [<folder with templates>]")?);
    let source = arguments.next().map_or(TemplateSource::Embedded, |path| TemplateSource::Override(path.into()));
    let templates = Templates::new(&source, "Countersign")?;
    fs::create_dir_all(folder.join("assets"))?;
    for asset in ["countersign.css", "mark.svg"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(asset), folder.join("assets").join(asset))?;
    }
    let gallery = Gallery { templates, folder };

    gallery.write("sign_in", &sign_in())?;
    gallery.write(
        "sign_in_wrong",
        &SignInPage {
            problem: Some("The e-mail or the password is wrong.".into()),
            email: "ada@example.test".into(),
            ..sign_in()
        },
    )?;
    gallery.write("sign_in_for_client", &SignInPage { client_name: Some("Notes".into()), ..sign_in() })?;
    gallery.write("confirm", &SignInPage { confirming: true, email: "ada@example.test".into(), ..sign_in() })?;
    gallery.write("sign_up", &sign_up())?;
    gallery.write(
        "sign_up_wrong",
        &SignUpPage {
            name: "Ada".into(),
            email: "ada@".into(),
            email_problem: Some("This is not an e-mail address.".into()),
            password_problem: Some(
                "This password is too short: it has 7 characters, and at least 12 are needed.".into(),
            ),
            ..sign_up()
        },
    )?;
    gallery.write("consent", &consent())?;
    let DashboardPage { account, sign_out, activity, .. } = dashboard();
    let older = Some("/dashboard/activity?before=1795330800".into());
    gallery.write("activity", &ActivityPage { continued: false, account: account.email, sign_out, activity, older })?;
    gallery.write("device_code", &device_code())?;
    gallery.write(
        "device_code_wrong",
        &DeviceCodePage {
            user_code: "ABCD-EFGH".into(),
            problem: Some("This code is not known, or it has expired.".into()),
            ..device_code()
        },
    )?;
    gallery.write("device_approval", &device_approval())?;
    gallery.write("device_approval_stale", &DeviceApprovalPage { fresh: false, ..device_approval() })?;
    gallery.write("dashboard", &dashboard())?;
    gallery.write(
        "dashboard_empty",
        &DashboardPage {
            hosts: vec![],
            more_hosts: None,
            apps: vec![],
            activity: vec![],
            revoke_others: None,
            notice: None,
            ..dashboard()
        },
    )?;
    gallery.write("dashboard_many", &dashboard_many())?;
    let DashboardPage { account, sign_out, activity, .. } = dashboard_many();
    let older = Some("/dashboard/activity?before=1795330800".into());
    gallery
        .write("activity_many", &ActivityPage { continued: true, account: account.email, sign_out, activity, older })?;
    gallery.write("error", &error())?;
    gallery.write(
        "not_found",
        &MessagePage {
            heading: "Page not found".into(),
            text: "There is nothing at this address.".into(),
            detail: None,
            ..error()
        },
    )?;
    Ok(())
}

struct Gallery {
    templates: Templates,
    folder: PathBuf,
}

impl Gallery {
    fn write<P: Page>(&self, name: &str, page: &P) -> Result<(), Box<dyn Error>> {
        // The files lie in one folder, so that it can be opened without a server. Templates write "/" as an entity.
        let html = self.templates.render(page)?.replace("&#x2f;assets&#x2f;", "assets/");
        Ok(fs::write(self.folder.join(format!("{name}.html")), html)?)
    }
}

fn form(action: &str) -> Form {
    Form::new(action, "token")
}

fn ago(seconds: i64) -> When {
    When::new(Timestamp(NOW.as_secs() - seconds), NOW)
}

fn sign_in() -> SignInPage {
    SignInPage {
        form: form("/sign-in"),
        email: String::new(),
        confirming: false,
        client_name: None,
        problem: None,
        sign_up: "/sign-up".into(),
        other_account: "/sign-in?other=1".into(),
    }
}

fn sign_up() -> SignUpPage {
    SignUpPage {
        form: form("/sign-up"),
        name: String::new(),
        email: String::new(),
        password_least: 12,
        client_name: None,
        problem: None,
        name_problem: None,
        email_problem: None,
        password_problem: None,
        sign_in: "/sign-in".into(),
    }
}

fn consent() -> ConsentPage {
    let scope = |name: &str, description: &str, required| ConsentScope {
        name: name.into(),
        description: description.into(),
        required,
    };
    ConsentPage {
        form: form("/consent"),
        client_name: "Notes".into(),
        client_initial: "N".into(),
        client_host: Some("127.0.0.1:4000".into()),
        redirect_host: "127.0.0.1:4000".into(),
        account: "ada@example.test".into(),
        account_initial: "A".into(),
        scopes: vec![
            scope("openid", "Know who you are", true),
            scope("profile", "See your name", false),
            scope("email", "See your e-mail address", false),
            scope("notes:read", "Read your notes", false),
            scope("offline_access", "Stay connected while you are away", false),
        ],
        resources: vec!["Notes resource server".into()],
        other_account: "/sign-in?other=1".into(),
    }
}

fn device_code() -> DeviceCodePage {
    DeviceCodePage { action: "/device".into(), user_code: String::new(), problem: None }
}

fn device_approval() -> DeviceApprovalPage {
    let capability = |name: &str, description: &str, limits: &[(&str, bool)]| CapabilityRow {
        name: name.into(),
        description: description.into(),
        ends: Some(ago(-90 * 86_400)),
        limits: limits.iter().map(|(text, open)| LimitRow { text: (*text).into(), open: *open }).collect(),
    };
    DeviceApprovalPage {
        form: form("/device"),
        user_code: "WDJB-MJHT".into(),
        escalation: false,
        account: "ada@example.test".into(),
        agent_name: "Household helper".into(),
        host_name: Some("Ada's laptop".into()),
        reason: Some("Pay the electricity bill each month <b>Click here</b>".into()),
        notes: vec!["This also links the program that runs the agent to your account.".into()],
        expires: ago(-540),
        capabilities: vec![
            capability("check_balance", "See the balance of your account", &[("account_id: any value", true)]),
            capability(
                "transfer_money",
                "Send money from your account",
                &[("amount: at most 1000, no lower limit", true), ("currency: one of “USD”, “EUR”", false)],
            ),
        ],
        periods: vec![Period { seconds: 3_600, words: "One hour" }, Period { seconds: 86_400, words: "One day" }],
        fresh: true,
        confirm: "/sign-in?confirm=1".into(),
        problem: None,
    }
}

fn dashboard() -> DashboardPage {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let agent = |name: &str, status: &str, tone, used, revoke: Option<Form>, capabilities: Vec<CapabilityRow>| {
        AgentRow { name: name.into(), status: status.into(), tone, used, capabilities, revoke }
    };
    let session = |browser: &str, address: &str, since, seen, current| SessionRow {
        browser: browser.into(),
        address: Some(address.into()),
        since: Some(ago(since)),
        seen: Some(ago(seen)),
        newer: None,
        current,
        revoke: (!current).then(|| form("/dashboard/sessions/revoke")),
    };
    let activity = |what: &str, who: Option<&str>, refused, at| ActivityRow {
        what: what.into(),
        who: who.map(str::to_owned),
        refused,
        at: ago(at),
        beyond: None,
    };
    DashboardPage {
        account: AccountView {
            name: "Ada Lovelace".into(),
            email: "ada@example.test".into(),
            created: ago(40 * 86_400),
        },
        sign_out: form("/sign-out"),
        notice: Some("The app was disconnected.".into()),
        device: Some("/device".into()),
        more_hosts: None,
        hosts: vec![HostRow {
            name: "Ada's laptop".into(),
            status: "active".into(),
            tone: "good",
            since: Some(ago(3 * 86_400)),
            ends: Some(ago(-300 * 86_400)),
            agents: vec![
                agent(
                    "Household helper",
                    "active",
                    "good",
                    Some(ago(120)),
                    Some(form("/dashboard/agents/revoke")),
                    device_approval().capabilities,
                ),
                agent("Travel planner", "revoked", "problem", Some(ago(2 * 86_400)), None, Vec::new()),
            ],
            more_ended: 0,
            waiting: vec![],
            more_waiting: 0,
            dismiss_all: None,
            revoke: Some(form("/dashboard/hosts/revoke")),
        }],
        apps: vec![AppRow {
            name: "Notes".into(),
            scopes: strings(&["Know that it is you", "See your name and profile", "Read your notes"]),
            since: Some(ago(7_200)),
            ends: Some(ago(-365 * 86_400)),
            newer: None,
            revoke: form("/dashboard/apps/revoke"),
        }],
        revoke_others: Some(form("/dashboard/sessions/revoke-others")),
        sessions: vec![
            session("Firefox on Linux", "127.0.0.1", 7_200, 30, true),
            session("Safari on iPhone", "203.0.113.7", 6 * 86_400, 4_000, false),
        ],
        activity: vec![
            activity("Tried to use “transfer_money”", Some("“Household helper”"), true, 120),
            activity("Used “check_balance”", Some("“Household helper”"), false, 130),
            activity("Approved an agent", None, false, 3_600),
            activity("Allowed an app", None, false, 7_200),
            activity("Signed in", None, false, 7_210),
        ],
    }
}

/// One host with much going on, and one that asks again and again.
fn dashboard_many() -> DashboardPage {
    let waiting = |name: &str, asked| WaitingRow {
        name: name.into(),
        asked: Some(ago(asked)),
        capabilities: vec!["See the balance of your account".into(), "Send money from your account".into()],
        dismiss: form("/dashboard/agents/dismiss"),
    };
    let mut page = dashboard();
    let Some(busy) = page.hosts.first().cloned() else { return page };
    let agents = (1..=6).filter_map(|number| {
        let agent = busy.agents.first()?.clone();
        Some(AgentRow { name: format!("Household helper number {number}"), ..agent })
    });
    let ended = busy.agents.get(1).cloned();
    let many = HostRow { agents: agents.chain(ended).collect(), more_ended: 11, ..busy.clone() };
    let asking = HostRow {
        name: "build-runner-7f3a.internal.example-company-with-a-long-name.test".into(),
        agents: Vec::new(),
        waiting: vec![
            waiting("Release assistant", 20),
            waiting("Release-assistant-with-a-name-that-does-not-end-and-has-no-space-to-break-at-all", 90),
            waiting("R", 4_000),
        ],
        more_waiting: 17,
        dismiss_all: Some(form("/dashboard/hosts/dismiss")),
        ..busy
    };
    let told = |what: &str, who: Option<&str>, refused, at, beyond: Option<&str>| ActivityRow {
        what: what.into(),
        who: who.map(str::to_owned),
        refused,
        at: ago(at),
        beyond: beyond.map(str::to_owned),
    };
    page.hosts = vec![asking, many];
    page.activity = vec![
        told("Used “check_balance” (at least 20 times)", Some("“Household helper number 1”"), false, 5, None),
        told(
            "Tried to use “transfer_money”, in further ways (9 times, the first 22 Nov 2026, 06:31 UTC)",
            Some("“Release-assistant-with-a-name-that-does-not-end-and-has-no-space-to-break-at-all”"),
            true,
            120,
            Some("and at least 46 other events"),
        ),
        told("Somebody tried to sign in (31 times)", Some("2001:db8:85a3:8d3:1319:8a2e:370:7348"), true, 600, None),
        told("App renewed its access", Some("“Notes”"), false, 3_600, Some("and 1 other event")),
        told("Approved an agent", Some("“Household helper number 1”"), false, 7_200, None),
        told("Signed in", Some("203.0.113.7"), false, 90_000, None),
    ];
    page
}

fn error() -> MessagePage {
    MessagePage {
        heading: "This link does not work".into(),
        text: "The app that sent you here made a mistake. You have not been sent back to it, because we cannot be sure where it is.".into(),
        detail: Some("invalid_redirect_uri".into()),
        link: Some(Link { href: "/".into(), words: "Go to your account".into() }),
    }
}
