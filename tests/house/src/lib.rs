//! Rules about the sources that no compiler knows.
//!
//! - [`circles`]: no two files of a crate need each other, neither directly nor over others.
//! - [`standards`]: a section of a standard that stands in brackets is a link.
//!
//! Its tests are what matters; they read the sources of the workspace.

pub mod circles;
pub mod modules;
pub mod standards;

use std::io;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folders of the crates, sorted.
///
/// # Errors
/// The folder of the workspace cannot be read.
pub fn crates() -> io::Result<Vec<PathBuf>> {
    let mut crates = Vec::new();
    for folder in ["crates", "examples"] {
        for entry in std::fs::read_dir(workspace().join(folder))? {
            let path = entry?.path();
            if path.join("Cargo.toml").is_file() {
                crates.push(path);
            }
        }
    }
    crates.sort();
    Ok(crates)
}
