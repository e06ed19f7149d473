//! What a command comes to: what it prints, what it remarks, and how it ends.

use std::fmt::{self, Display};
use std::io::Write;
use std::path::Path;

use crate::shown;

/// What a command has to say.
pub(crate) struct Answer {
    /// For standard output.
    out: Vec<u8>,
    /// For standard error, a line each.
    notes: Vec<String>,
    outcome: Outcome,
}

/// How a command ended; each has an exit code of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// It did what was asked; a token that was judged is valid.
    Done,
    /// The token is refused.
    Refused,
    /// It could not be done, or not be decided.
    Unable,
}

impl Answer {
    pub(crate) fn new(out: impl Into<Vec<u8>>) -> Self {
        Answer { out: out.into(), notes: Vec::new(), outcome: Outcome::Done }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    pub(crate) fn outcome(self, outcome: Outcome) -> Self {
        Answer { outcome, ..self }
    }

    /// Prints it. A reader that has gone away (`| head`) is no reason to fail.
    pub(crate) fn print(self) -> Outcome {
        for note in &self.notes {
            let _ = writeln!(std::io::stderr(), "{note}");
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(&self.out).and_then(|()| out.flush()) {
            Ok(()) => self.outcome,
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => self.outcome,
            Err(error) => Unable::new(format!("standard output cannot be written: {error}")).print(),
        }
    }
}

/// Why a command could not do what was asked: one sentence, without secrets and tokens.
#[derive(Debug)]
pub(crate) struct Unable(String);

impl Unable {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Unable(reason.into())
    }

    /// A file that could not be read or written.
    pub(crate) fn file(path: &Path, reason: impl Display) -> Self {
        Unable(format!("{}: {reason}", shown::path(path)))
    }

    pub(crate) fn print(self) -> Outcome {
        let _ = writeln!(std::io::stderr(), "countersign: {self}");
        Outcome::Unable
    }
}

impl fmt::Display for Unable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
