//! `countersign token …`: one subcommand, one file.

mod explain;
mod inspect;
mod keys;
mod mint;
mod verdict;
mod verify;

use clap::Subcommand;

use crate::answer::{Answer, Unable};

#[derive(Subcommand)]
pub(crate) enum Command {
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    Explain(explain::Explain),
    Mint(mint::Mint),
    /// Make, rotate, publish and convert keys
    #[command(subcommand)]
    Keys(keys::Command),
}

pub(crate) fn run(command: Command) -> Result<Answer, Unable> {
    match command {
        Command::Inspect(inspect) => inspect.run(),
        Command::Verify(verify) => verify.run(),
        Command::Explain(explain) => explain.run(),
        Command::Mint(mint) => mint.run(),
        Command::Keys(command) => keys::run(command),
    }
}
