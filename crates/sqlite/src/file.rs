//! The file itself: made for its owner alone, and still the one that was opened.

use std::path::{Path, PathBuf};

use countersign_storage::{StoreError, Whole};

/// Which file a store was opened on. A file that is removed, or replaced by another (a backup that was put back), is still
/// open here, and what is written to it is gone with this process.
#[derive(Clone)]
pub(crate) struct OpenedFile {
    path: PathBuf,
    identity: Option<Identity>,
}

/// Device and number. Elsewhere than on Unix an open file cannot be removed.
type Identity = (u64, u64);

impl OpenedFile {
    /// Remembers the file that is there now.
    pub(crate) fn new(path: &Path) -> Self {
        OpenedFile { path: path.to_owned(), identity: identity(path) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What every handle to it answers, whichever path it was opened by.
    pub(crate) fn whole(&self) -> Whole {
        Whole::named(match self.identity {
            Some((device, number)) => format!("sqlite {device} {number}"),
            None => {
                let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
                format!("sqlite {}", path.display())
            }
        })
    }

    /// Whether the path still leads to it.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match identity(&self.path) == self.identity {
            true => Ok(()),
            false => Err(StoreError::Unavailable("the database file was removed or replaced".to_owned())),
        }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}

/// Creates the file for its owner alone. SQLite gives the files that it puts beside it (`-wal`, `-shm`) the same
/// permissions. A file that exists keeps the permissions that its owner chose.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
