//! The Agent Auth provider, rule by rule, through its HTTP door and its methods for pages. Section numbers without a name are
//! those of Agent Auth `1.0-draft`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is the test's own report")]

mod acts;
mod approval;
mod approved_schemas;
mod batch;
mod capabilities;
mod constraints;
mod discovery;
mod dismissal;
mod escalation;
mod execute;
mod introspection;
mod issuers;
mod jwt;
mod lifetimes;
mod narrowing;
mod newer_builds;
mod races;
mod reactivation;
mod records;
mod registration;
mod revocation;
mod rotation;
mod settings;
mod walk;
mod withdrawal;
mod withdrawal_under_load;
mod world;
