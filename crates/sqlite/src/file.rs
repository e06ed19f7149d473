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

/// Says in the log that others can read the database, where they can.
pub(crate) fn warn_of_others(path: &Path) {
    for file in open_to_others(path) {
        tracing::warn!(
            file = %file.display(),
            "other users of this machine can read a file of the database, and thereby stop every write: let nobody but its owner in (chmod 600)",
        );
    }
}

/// Which of the database's files others than their owner can read or write. None if they cannot enter the directory.
#[cfg(unix)]
fn open_to_others(path: &Path) -> Vec<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let lets_in =
        |path: &Path, bits: u32| std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & bits != 0);
    // SQLite puts its files beside the file itself, and not beside a link to it.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if path.parent().is_some_and(|directory| !lets_in(directory, 0o011)) {
        return Vec::new();
    }
    let beside = |ending: &str| {
        let mut name = path.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm"].map(beside).into_iter().filter(|file| lets_in(file, 0o066)).collect()
}

/// Elsewhere than on Unix permissions are not numbers.
#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Vec<PathBuf> {
    Vec::new()
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::SqliteStore;

    #[test]
    fn files_that_others_can_read_are_told_unless_the_directory_keeps_them_out() {
        let directory = tempfile::tempdir().unwrap();
        let allow = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let path = directory.path().canonicalize().unwrap().join("countersign.db");
        let _store = SqliteStore::open(&path).unwrap();
        let [wal, shm] = ["-wal", "-shm"].map(|ending| path.with_extension(format!("db{ending}")));
        let link = path.with_file_name("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let table: [(u32, [u32; 3], Vec<&PathBuf>); 6] = [
            (0o755, [0o600, 0o600, 0o600], vec![]),
            (0o755, [0o600, 0o600, 0o604], vec![&shm]),
            (0o755, [0o640, 0o640, 0o600], vec![&path, &wal]),
            (0o710, [0o600, 0o600, 0o620], vec![&shm]),
            (0o755, [0o666, 0o666, 0o666], vec![&path, &wal, &shm]),
            (0o700, [0o666, 0o666, 0o666], vec![]),
        ];
        for (entered, modes, expected) in table {
            allow(directory.path(), entered);
            for (file, mode) in [&path, &wal, &shm].into_iter().zip(modes) {
                allow(file, mode);
            }
            for name in [&path, &link] {
                assert_eq!(open_to_others(name).iter().collect::<Vec<_>>(), expected, "{entered:o} {modes:?}");
            }
        }
    }
}
