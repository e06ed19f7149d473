//! Every crate that stores records keeps golden files of them (CONTRIBUTING.md); the row of each kind is checked there.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use std::fs;
use std::path::Path;

use countersign_house::crates;

fn stores_records(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| {
            let path = entry.unwrap().path();
            stores_records(&path) || fs::read_to_string(&path).is_ok_and(|source| source.contains("impl Record for "))
        })
    })
}

#[test]
fn a_crate_that_stores_records_has_golden_files_of_them() {
    let mut storing = 0;
    for folder in crates().unwrap().into_iter().filter(|folder| stores_records(&folder.join("src"))) {
        storing += 1;
        assert!(folder.join("src/golden_records.rs").is_file(), "{}", folder.display());
    }
    assert!(storing >= 5, "{storing}");
}
