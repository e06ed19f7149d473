//! The resource server on its own: settings come from the environment, see `countersign_resource_server::Settings`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match countersign_resource_server::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-resource-server: {error}");
            ExitCode::FAILURE
        }
    }
}
