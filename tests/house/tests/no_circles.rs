//! No circle of files in any crate.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use std::fs;
use std::path::PathBuf;

use countersign_house::circles::{Needs, circles, needs, way_around};
use countersign_house::{crates, modules};

fn roots() -> Vec<(String, PathBuf)> {
    let mut roots = Vec::new();
    for folder in crates().unwrap() {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for root in ["src/lib.rs", "src/main.rs"].map(|root| folder.join(root)) {
            if root.is_file() {
                roots.push((name.clone(), root));
            }
        }
    }
    roots
}

#[test]
fn no_two_files_of_a_crate_need_each_other() {
    let mut faults = Vec::new();
    let mut read = 0;
    for (name, root) in roots() {
        let modules = modules::read(&root).unwrap();
        read += modules.len();
        let needs = needs(&modules);
        for circle in circles(&needs) {
            let files = circle.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
            faults.push(format!("{name}: {files}\n    {}", way_around(&needs, &circle)));
        }
    }
    assert!(read > 300, "only {read} modules were read");
    assert!(faults.is_empty(), "files that need each other:\n{}", faults.join("\n"));
}

/// A crate in memory: files and what they hold.
fn judge(files: &[(&str, &str)]) -> (Needs, Vec<String>) {
    let folder = std::env::temp_dir().join(format!("countersign-house-{}-{}", std::process::id(), files.len()));
    for (name, source) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, source).unwrap();
    }
    let needs = needs(&modules::read(&folder.join("lib.rs")).unwrap());
    fs::remove_dir_all(&folder).unwrap();
    let found = circles(&needs).into_iter().map(|circle| circle.into_iter().collect::<Vec<_>>().join(" ")).collect();
    (needs, found)
}

#[test]
fn a_circle_is_found_whatever_way_the_names_are_written() {
    // One file each; what makes the circle with `b.rs` is in `a.rs`.
    for a in [
        "use crate::b::B; pub struct A(B);",
        "use super::b::B; pub struct A(B);",
        "pub struct A(crate::b::B);",
        "use crate::b; pub struct A(b::B);",
        "use crate::b::{self as other}; pub struct A(other::B);",
        "pub struct A; pub fn a() { assert!(matches!(A, _), \"{}\", crate::b::b()); }",
        "use crate::B; pub struct A(B);",
        "use crate::b::*; pub struct A; pub fn a() { super::b::b(); }",
    ] {
        let b = "use crate::a::A; pub struct B; pub fn b() { let _ = A; }";
        let (needs, found) = judge(&[("lib.rs", "mod a; mod b; pub use b::B;"), ("a.rs", a), ("b.rs", b)]);
        assert_eq!(found, ["a.rs b.rs"], "{a}: {needs:?}");
    }
}

#[test]
fn what_is_handed_on_is_needed_where_it_is_defined() {
    let map = "mod error; mod rule; pub use error::E; pub use rule::r;";
    let rule = "use super::E; pub fn r() -> E { E }";
    let (needs, found) = judge(&[
        ("lib.rs", "mod a; pub use a::E;"),
        ("a/mod.rs", map),
        ("a/error.rs", "pub struct E;"),
        ("a/rule.rs", rule),
    ]);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(needs["a/rule.rs"].keys().collect::<Vec<_>>(), ["a/error.rs"]);
}

#[test]
fn a_module_and_the_one_above_it_are_a_circle_when_both_name_the_other() {
    let above = "mod below; pub struct A; pub fn a() { below::b() }";
    let files =
        |below| [("lib.rs", "pub mod a;"), ("a.rs", above), ("a/below.rs", below), ("unused.rs", ""), ("x.rs", "")];
    assert_eq!(judge(&files("pub fn b() { let _ = super::A; }")).1, ["a.rs a/below.rs"]);
    assert!(judge(&files("pub fn b() {} #[cfg(test)] mod tests { use super::super::A; }")).1.is_empty());
}

#[test]
fn the_way_around_a_circle_is_told() {
    let (needs, _) = judge(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use crate::c::C; pub struct B(C);"),
        ("c.rs", "use crate::a::A; pub struct C(A);"),
    ]);
    let around = way_around(&needs, &circles(&needs)[0]);
    assert_eq!(around.matches(" needs ").count(), 3, "{around}");
    assert!(around.contains("a.rs needs b.rs for crate::b::B"), "{around}");
}
