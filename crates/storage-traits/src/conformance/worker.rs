//! Worker processes of the kit: how they are started, told what to do, and ended.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::verdict::Violation;

/// Begins each line that a worker says; whatever else its process prints is ignored.
const MARK: &str = "countersign-worker: ";

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
