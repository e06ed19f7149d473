//! Child processes: started, waited for until they listen, ended when dropped.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use crate::options::Part;

/// A server that listens. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Held open: its end is how the child learns that we are gone, however we went.
    _stdin: Option<ChildStdin>,
}

/// Starts this program again as one of the servers, and waits for its line `{"ready":true,…}`. What it writes to standard
/// error goes into a file in `logs`, named after the part.
pub(crate) async fn launch(part: Part, settings: &[(&str, String)], logs: &Path) -> Result<Process, String> {
    let name = part.words().first().copied().unwrap_or_default();
    let failed = |reason: String| format!("{name} does not start: {reason}");
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let log = logs.join(format!("{name}.log"));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&log);
    let stderr = file.map_err(|error| failed(format!("{}: {error}", log.display())))?;
    let mut child = Command::new(program)
        .arg("serve")
        .args(part.words())
        // Settings of somebody else's server, which may be in this environment, are not for this one.
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| ["PATH", "RUST_LOG", "SSL_CERT_FILE"].contains(&name.as_str())))
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .kill_on_drop(true)
        // Ctrl-C is for us; they end when we do.
        .process_group(0)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let stdout = child.stdout.take().ok_or_else(|| failed("it has no output".to_owned()))?;
    let mut lines = BufReader::new(stdout).lines();
    let ready = async {
        while let Ok(Some(line)) = lines.next_line().await {
            if line.contains("\"ready\":true") {
                return true;
            }
        }
        false
    };
    match timeout(Duration::from_secs(30), ready).await {
        Ok(true) => Ok(Process { _stdin: child.stdin.take(), child }),
        Ok(false) => {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let last = said.lines().last().unwrap_or("it says nothing").to_owned();
            Err(failed(last))
        }
        Err(_) => Err(failed("it is not ready after 30 seconds".to_owned())),
    }
}

impl Process {
    /// Kills it, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Result<(), String> {
        self.child.kill().await.map_err(|error| error.to_string())
    }

    /// Waits until it ends by itself, which a server should not.
    pub(crate) async fn ended(&mut self) -> String {
        self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}
