//! An agent program. `countersign-agent [origin]` asks the provider at `origin` for a budget of 100 USD a transfer, waits
//! for a person to approve, spends within the budget, tries to spend beyond it, and works on until it is stopped.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let origin = std::env::args().nth(1).unwrap_or_else(|| "http://localhost:3000".to_owned());
    match countersign_agent::live(&origin, &mut |line| println!("{line}")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-agent: {error}");
            ExitCode::FAILURE
        }
    }
}
