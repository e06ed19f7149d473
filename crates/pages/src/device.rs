//! `/device`: a person approves an agent by the code that the agent shows ([Agent Auth §7.1], [RFC 8628 §3.3]).

use serde::Serialize;

use crate::form::Form;
use crate::templates::Page;
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
    /// The code, to be compared.
    pub user_code: String,
    /// Who is signed in.
    pub account: String,
    /// What the agent calls itself.
    pub agent_name: String,
    /// What its host calls itself.
    pub host_name: Option<String>,
    /// Why it asks, in its own words.
    pub reason: Option<String>,
    /// From where it asked.
    pub requested_from: Option<String>,
    /// When the code ends.
    pub expires: When,
    /// What it asks for.
    pub capabilities: Vec<CapabilityRow>,
    /// Whether the session is fresh enough to approve.
    pub fresh: bool,
    /// Where one confirms that it is oneself.
    pub confirm: String,
    /// What went wrong.
    pub problem: Option<String>,
}

/// One capability that was asked.
#[derive(Clone, Debug, Serialize)]
pub struct CapabilityRow {
    /// Its name on the wire.
    pub name: String,
    /// What it does, in our own words.
    pub description: String,
    /// Its limits, in words.
    pub limits: Vec<String>,
    /// What has no limit although it could have one, in words.
    pub warnings: Vec<String>,
}

impl Page for DeviceApprovalPage {
    const TEMPLATE: &'static str = "device_approval.html";
}
