//! Servers that a test starts for itself. They end with the test, however it ends.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process that serves a port of the loopback interface.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    #[expect(dead_code, reason = "it is removed with the server")]
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The programs of the newest PostgreSQL here.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|v| v.path()).collect();
    versions.sort();
    versions.pop().map(|version| version.join("bin"))
}

/// An empty folder of the account that serves.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    give(folder.path());
    folder
}

/// Writes a file for the account that serves, and for nobody else.
pub(crate) fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    give(path);
}

/// PostgreSQL and PgBouncer refuse to run as root, which lends them the account of the package.
fn give(path: &Path) {
    if let Some((user, group)) = lent() {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

fn lent() -> Option<(u32, u32)> {
    let number = |of: &[&str]| -> Option<u32> {
        let said = Command::new("id").args(of).output().ok()?.stdout;
        String::from_utf8(said).ok()?.trim().parse().ok()
    };
    match number(&["-u"]) {
        Some(0) => Some((number(&["-u", "postgres"])?, number(&["-g", "postgres"])?)),
        _ => None,
    }
}

/// Runs as the account that serves, and ends with this process.
pub(crate) fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL");
    if let Some((user, group)) = lent() {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
    }
    command.arg(program).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Starts it and waits until it answers.
pub(crate) fn start(mut command: Command, address: SocketAddr, folder: tempfile::TempDir) -> Server {
    let mut process = command.spawn().unwrap();
    while TcpStream::connect(address).is_err() {
        assert!(process.try_wait().unwrap().is_none(), "the server has ended: {command:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Server { process, address, folder }
}
