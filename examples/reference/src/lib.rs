//! What the reference servers share: settings from the environment, and the site that is built from them. The servers
//! themselves (`countersign-axum-issuer`, `countersign-actix-issuer`) add a socket.
//!
//! Read first: [`Settings`] (what can be set, and what is refused), `site.rs` (how the libraries are put together), `policy.rs`, `bank.rs`
//! (what agents can do here), [`front`] (what is between the sockets and the frameworks).
#![forbid(unsafe_code)]

mod bank;
mod body;
mod client_file;
mod clients;
pub mod front;
mod policy;
mod settings;
mod settings_error;
mod site;
mod start_error;
mod unknown_setting;
mod upkeep;

use tracing_subscriber::EnvFilter;

pub use body::{BODY_BYTES, BodyRefusal};
pub use client_file::ClientEntry;
pub use settings::{Autonomous, Database, Settings, SettingsError};
pub use site::Reference;
pub use start_error::StartError;
pub use unknown_setting::UnknownSetting;

/// Writes events to stderr, as `RUST_LOG` says; `info` by default. Call it once.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // An application that embeds this has its own subscriber, which stays.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_file_that_the_documents_name_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut named = 0;
        for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
            let text = std::fs::read_to_string(root.join(document)).unwrap();
            let quoted = text.split('`').skip(1).step_by(2);
            let folders = ["crates/", "examples/", "tests/", "bench/"];
            for path in quoted
                .filter(|path| folders.iter().any(|folder| path.starts_with(folder)) && !path.contains(['*', 'N']))
            {
                assert!(root.join(path).exists(), "{document} names {path}");
                named += 1;
            }
        }
        assert!(named > 60, "{named} files are named");
    }
}
