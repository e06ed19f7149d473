//! `countersign`: tokens and keys on the command line.
//!
//! `countersign token` looks at tokens, verifies them, says why one is refused, mints tokens for tests and keeps key sets.
//! The rules are those of `countersign-jose`; nothing here decides what a good token is.
//!
//! A command reads what it needs and returns an [`Answer`](answer::Answer); what is printed, where, and with which exit code is settled
//! in one place. Secrets are read from files and written to files, never to the terminal, and never repeated in a message.
//!
//! Read first: `token/verify.rs`, `judge.rs` (all reasons, each rule asked alone), `rules.rs` (what each code means),
//! `key_file.rs`.
#![forbid(unsafe_code)]

mod answer;
mod decryption;
mod dpop;
mod expectation;
mod input;
mod judge;
mod judgement;
mod key_file;
mod key_source;
mod kind;
mod look;
mod moment;
mod private_file;
mod probe;
mod reason;
mod remote;
mod rules;
mod shown;
mod token;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::answer::Outcome;

/// Tokens and keys, judged by the strict rules of Countersign.
#[derive(Parser)]
#[command(name = "countersign", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look at tokens, verify them, hear why one is refused; mint test tokens; make, rotate and convert keys
    #[command(subcommand, after_help = EXIT_CODES)]
    Token(token::Command),
}

const EXIT_CODES: &str =
    "Exit codes: 0 done or valid, 1 refused, 2 not possible (usage, an unreadable file, keys that cannot be had).";

fn main() -> ExitCode {
    let Command::Token(command) = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return usage(&error),
    };
    let outcome = match token::run(command) {
        Ok(answer) => answer.print(),
        Err(unable) => unable.print(),
    };
    match outcome {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Refused => ExitCode::from(1),
        Outcome::Unable => ExitCode::from(2),
    }
}

/// Help, or what is wrong with the arguments. A token among them was meant to go elsewhere, and is not repeated.
fn usage(error: &clap::Error) -> ExitCode {
    let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let tokens: Vec<String> = arguments.filter_map(|one| shown::token_in(&one).map(str::to_owned)).collect();
    if tokens.is_empty() {
        // With colours, where the terminal has them.
        let _ = error.print();
    } else {
        let text = tokens.iter().fold(error.render().to_string(), |text, token| text.replace(token, "(a token)"));
        let _ =
            if error.use_stderr() { write!(std::io::stderr(), "{text}") } else { write!(std::io::stdout(), "{text}") };
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::from(2), ExitCode::from)
}
