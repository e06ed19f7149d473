//! Writing key files: whole or not at all, for the owner's eyes, never over another by accident.
//!
//! The content goes into a new file beside the target (`.NAME.new`, mode 0600 where it is private), reaches the disk, and
//! then takes the target's name. That other file is made with "only if it is not there", so it is a lock too: of two that
//! rotate one key set, one is told to wait.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::answer::Unable;
use crate::shown;

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// The owner alone.
    Private,
    Public,
}

/// What to do when the target is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Keep,
    Replace,
}

/// A file about to be written. Dropped without [`commit`](Self::commit), it leaves everything as it was.
pub(crate) struct NewFile {
    target: PathBuf,
    beside: PathBuf,
    file: File,
    /// The target was not there and is held by an empty file.
    holds_target: bool,
    done: bool,
}

impl NewFile {
    /// Takes the right to write the target.
    pub(crate) fn begin(target: &Path, secrecy: Secrecy, existing: Existing) -> Result<Self, Unable> {
        // A link is followed once, so that the file behind it is replaced and not the link.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let Some(name) = target.file_name() else { return Err(Unable::file(&target, "this names no file")) };
        let mut beside = OsString::from(".");
        beside.push(name);
        beside.push(".new");
        let beside = target.with_file_name(beside);
        let file = create(&beside, secrecy).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Unable::file(
                &target,
                format!("is being written by somebody else; if nobody is at it, remove {}", shown::path(&beside)),
            ),
            _ => Unable::file(&beside, error),
        })?;
        let mut new = NewFile { target, beside, file, holds_target: false, done: false };
        if existing == Existing::Keep {
            create(&new.target, secrecy).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => Unable::file(&new.target, "is there already; --force replaces it"),
                _ => Unable::file(&new.target, error),
            })?;
            new.holds_target = true;
        }
        Ok(new)
    }

    /// Writes the content and puts it into the target's place.
    pub(crate) fn commit(mut self, content: &[u8]) -> Result<(), Unable> {
        let written = self.file.write_all(content).and_then(|()| self.file.sync_all());
        written.map_err(|error| Unable::file(&self.beside, error))?;
        fs::rename(&self.beside, &self.target).map_err(|error| Unable::file(&self.target, error))?;
        self.done = true;
        sync_folder(&self.target);
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_file(&self.beside);
            if self.holds_target {
                let _ = fs::remove_file(&self.target);
            }
        }
    }
}

fn create(path: &Path, secrecy: Secrecy) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(match secrecy {
            Secrecy::Private => 0o600,
            Secrecy::Public => 0o644,
        });
    }
    #[cfg(not(unix))]
    let _ = secrecy;
    options.open(path)
}

/// The new name outlives a crash once the folder is on the disk. Not every file system can be told to.
fn sync_folder(target: &Path) {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// A remark where others may read a private key file.
pub(crate) fn warning(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Some(format!("note: {} is private and others may read it (chmod 600)", shown::path(path)));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    None
}
