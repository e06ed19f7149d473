//! Worker processes of the kit: how they are started, told what to do, and ended.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use super::Violation;
use crate::store::Store;

/// Begins each line that a worker says; whatever else its process prints is ignored.
const MARK: &str = "countersign-worker: ";

/// Serves as a worker: obeys what [`super::race::run`] or [`super::crash::run`] say on the standard input, until it
/// ends. A back end's test binary calls this, on a store of its own, in a test that the parent starts with
/// [`this_test_binary`].
///
/// # Errors
/// Where the standard input or output fails.
pub async fn worker(store: Arc<dyn Store>) -> io::Result<()> {
    say("ready")?;
    for line in io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        match words.as_slice() {
            ["race", order @ ..] => say(&super::race::compete(store.clone(), order).await)?,
            ["crash", own] => super::crash::commit_for_ever(store.clone(), own).await?,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "an order that no worker knows")),
        }
    }
    Ok(())
}

/// The command that runs one ignored test of the running test binary in a process of its own.
///
/// # Errors
/// Where the system does not say which program this is.
pub fn this_test_binary(test: &str) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    Ok(command)
}

pub(super) fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // The test runner may have begun a line already.
    writeln!(out, "\n{MARK}{line}")?;
    out.flush()
}

/// One worker process, killed when dropped.
pub(super) struct Worker {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts one and waits until it has opened its store.
    pub(super) fn start(command: &mut Command) -> Result<Self, Violation> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Violation::new("a worker has no pipes"));
        };
        let mut worker = Worker { child, orders, answers: BufReader::new(answers) };
        match worker.answer()? {
            Some(ready) if ready == "ready" => Ok(worker),
            other => Err(Violation::new(format!("a worker did not start: {other:?}"))),
        }
    }

    pub(super) fn order(&mut self, words: &[&str]) -> Result<(), Violation> {
        writeln!(self.orders, "{}", words.join("\t")).and_then(|()| self.orders.flush()).map_err(failed)
    }

    /// The next thing it says; `None` when it has ended.
    pub(super) fn answer(&mut self) -> Result<Option<String>, Violation> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.answers.read_line(&mut line).map_err(failed)? == 0 {
                return Ok(None);
            }
            // A process that is killed may leave half a line: it acknowledges nothing.
            if let Some((_, said)) = line.split_once(MARK)
                && let Some(said) = said.strip_suffix('\n')
            {
                return Ok(Some(said.to_owned()));
            }
        }
    }

    /// Ends it as it is: SIGKILL on Unix.
    pub(super) fn kill(&mut self) -> Result<(), Violation> {
        self.child.kill().map_err(failed)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failed(error: io::Error) -> Violation {
    Violation::new(format!("a worker process failed: {error}"))
}
