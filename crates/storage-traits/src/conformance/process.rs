//! The worker's side of the kit: a process that obeys.

use std::io;
use std::process::Command;
use std::sync::Arc;

use super::worker::say;
use crate::store::Store;

/// Serves as a worker: obeys what [`super::race::run`], [`super::crash::run`] or [`super::builds::run`] say on the standard
/// input, until that ends. A back end's test binary calls this, on a store of its own, in a test that the parent starts with
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
            ["builds", own, load] => say(&super::builds::serve(store.clone(), own, load).await)?,
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
