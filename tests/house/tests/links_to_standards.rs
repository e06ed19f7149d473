//! Every section of a standard that stands in brackets is a link (CONTRIBUTING.md).
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use std::fs;
use std::path::Path;

use countersign_house::crates;
use countersign_house::standards::dangling;

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn a_section_of_a_standard_in_brackets_is_a_link() {
    let mut faults = Vec::new();
    for folder in crates().unwrap() {
        let mut files = Vec::new();
        sources(&folder, &mut files);
        for file in files {
            let source = fs::read_to_string(&file).unwrap();
            faults
                .extend(dangling(&source).into_iter().map(|fault| format!("{file}:{}: [{}]", fault.line, fault.name)));
        }
    }
    assert!(faults.is_empty(), "brackets that lead nowhere:\n{}", faults.join("\n"));
}

#[test]
fn brackets_that_lead_nowhere_are_found() {
    let found = |source: &str| dangling(source).into_iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
    assert_eq!(found("/// As [RFC 1 §2] says.\nfn f() {}"), "RFC 1 §2");
    assert_eq!(found("//! [RFC 1]: https://x\n\n/// As [RFC 1 §2] says."), "RFC 1 §2");
    assert_eq!(found("//! As [RFC 1 §2] says.\n//!\n//! [RFC 1 §2]: https://x\n"), "");
    assert_eq!(found("/// As [RFC 1 §2](https://x) says."), "");
    assert_eq!(found("/// Over two [RFC 1\n/// §2] lines.\n///\n/// [RFC 1 §2]: https://x"), "");
    assert_eq!(found("/// [`a b`] and `[x y]` and [Type]\n/// ```\n/// [a b]\n/// ```"), "");
    assert_eq!(found("// [RFC 1 §2] is no documentation"), "");
    assert_eq!(dangling("\n    /// a\n    /// [b c]\n")[0].line, 2);
}
