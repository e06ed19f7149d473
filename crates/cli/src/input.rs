//! Where a token comes from: standard input, a file, or, for test tokens, an argument.

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use crate::answer::Unable;
use crate::shown;

/// The longest input that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

#[derive(Args)]
pub(crate) struct TokenInput {
    /// The file that holds the token; without it, or with `-`, the token is read from standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The token itself. Other processes see arguments and shells remember them, so never pass a token that is good for
    /// something
    #[arg(long, value_name = "TOKEN", conflicts_with = "file")]
    token: Option<String>,
}

impl TokenInput {
    /// The token, without the white space around it. What is not UTF-8 is no token, but can still be looked at.
    pub(crate) fn read(&self) -> Result<String, Unable> {
        let token = match (&self.token, &self.file) {
            (Some(token), _) => token.trim().to_owned(),
            (None, Some(file)) if file != Path::new("-") => {
                if shown::looks_like_token(&file.to_string_lossy()) && !file.exists() {
                    return Err(Unable::new(
                        "that is a token where a file is expected: pass it on standard input, or, if it is a test token, \
                         with --token",
                    ));
                }
                lossy(&read_file(file)?)
            }
            _ => lossy(&read_stdin("Paste the token and end with Ctrl-D.")?),
        };
        if token.is_empty() { Err(Unable::new("there is no token in the input")) } else { Ok(token) }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// A whole file, wiped when dropped.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Unable> {
    let file = File::open(path).map_err(|error| Unable::file(path, error))?;
    read(file).map_err(|error| Unable::file(path, error))
}

/// All of standard input, wiped when dropped. A person who is waited for is told so.
pub(crate) fn read_stdin(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Unable> {
    if std::io::stdin().is_terminal() {
        let _ = writeln!(std::io::stderr(), "{prompt}");
    }
    read(std::io::stdin().lock()).map_err(|error| Unable::new(format!("standard input cannot be read: {error}")))
}

fn read(from: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_BYTES) {
        Ok(bytes)
    } else {
        Err(std::io::Error::other("longer than 1 MiB"))
    }
}
