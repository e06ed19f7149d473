//! The reference server on axum: settings come from the environment, see `countersign_reference::Settings`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match countersign_axum_issuer::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-axum-issuer: {error}");
            ExitCode::FAILURE
        }
    }
}
