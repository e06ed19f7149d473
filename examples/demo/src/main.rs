//! `cargo demo`: the whole arc on this machine.
//!
//! - `cargo demo` starts AuthCo (port 3000), Notes (4000) and a resource server (8000), and says what to open.
//! - `cargo demo agent` starts an agent that asks AuthCo for a budget.
//! - `cargo demo --script` plays everything unattended on free ports, and exits non-zero if any step surprises.
//!   `--server=axum|actix` and `--database=memory:|sqlite:…|postgres://…` choose what it plays on.
//!
//! Each server is a process of its own, with its own settings: this program again, as `serve <which>`.
#![forbid(unsafe_code)]

mod launch;
mod options;
mod runtime;
mod script;
mod serve;
mod setup;
mod watch;

use std::process::ExitCode;

use crate::options::Task;
use crate::runtime::in_runtime;

fn main() -> ExitCode {
    let task = match options::read(std::env::args().skip(1)) {
        Ok(task) => task,
        Err(reason) => {
            eprintln!("{reason}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    let ended = match task {
        Task::Help => {
            println!("{}", options::USAGE);
            Ok(())
        }
        // Brings its own runtime, which must not be inside another.
        Task::Serve(part) => serve::run(part),
        Task::Agent { origin } => in_runtime(serve::agent(&origin)),
        Task::Watch { server, ports } => in_runtime(watch::run(server, ports)),
        Task::Script { server, database } => in_runtime(script::run(server, database)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("countersign-demo: {reason}");
            ExitCode::FAILURE
        }
    }
}
