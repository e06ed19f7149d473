//! The endpoints, one file each, in the order in which a request meets the rules.

pub(crate) mod agent_document;
pub(crate) mod capabilities;
pub(crate) mod discovery;
pub(crate) mod execute;
pub(crate) mod introspect;
pub(crate) mod register;
pub(crate) mod requested;
pub(crate) mod revoke_agent;
pub(crate) mod revoke_host;
pub(crate) mod status;
