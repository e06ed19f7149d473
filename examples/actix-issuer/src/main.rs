//! The reference server on actix-web: settings come from the environment, see `countersign_reference::Settings`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    match countersign_actix_issuer::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-actix-issuer: {error}");
            ExitCode::FAILURE
        }
    }
}
