//! Notes on its own: settings come from the environment, see `countersign_notes::Settings`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match countersign_notes::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-notes: {error}");
            ExitCode::FAILURE
        }
    }
}
