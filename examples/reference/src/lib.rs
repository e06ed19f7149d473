//! What the reference servers share: settings from the environment, and the site that is built from them. The servers
//! themselves (`countersign-axum-issuer`, `countersign-actix-issuer`) add a socket.
//!
//! Read first: [`Settings`] (what can be set, and what is refused), `site.rs` (how the libraries are put together), `bank.rs`
//! (what agents can do here).
#![forbid(unsafe_code)]

mod bank;
mod body;
mod clients;
mod settings;
mod site;

use tracing_subscriber::EnvFilter;

pub use body::{BODY_BYTES, BodyRefusal};
pub use clients::ClientEntry;
pub use settings::{Autonomous, Database, Settings, SettingsError};
pub use site::{Reference, StartError};

/// Writes events to stderr, as `RUST_LOG` says; `info` by default. Call it once.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // An application that embeds this has its own subscriber, which stays.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
