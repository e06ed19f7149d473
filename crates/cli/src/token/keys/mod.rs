//! `countersign token keys …`: one subcommand, one file.

mod convert;
mod generate;
mod public;
mod rotate;
mod thumbprint;

use clap::Subcommand;

use crate::answer::{Answer, Unable};

#[derive(Subcommand)]
pub(crate) enum Command {
    Generate(generate::Generate),
    Rotate(rotate::Rotate),
    Public(public::Public),
    Convert(convert::Convert),
    Thumbprint(thumbprint::ThumbprintOf),
}

pub(super) fn run(command: Command) -> Result<Answer, Unable> {
    match command {
        Command::Generate(generate) => generate.run(),
        Command::Rotate(rotate) => rotate.run(),
        Command::Public(public) => public.run(),
        Command::Convert(convert) => convert.run(),
        Command::Thumbprint(thumbprint) => thumbprint.run(),
    }
}
