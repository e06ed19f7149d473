//! Files that need each other.
//!
//! A file needs another when its code names something that is defined there. A name that a module only hands on
//! (`pub use`) belongs to the file that defines it, so a `mod.rs` may be a map of what lies below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{Module, ModulePath};

/// Which file needs which others, and the first path by which it does.
pub type Needs = BTreeMap<String, BTreeMap<String, String>>;

/// What each file of a crate needs of the crate.
pub fn needs(modules: &BTreeMap<ModulePath, Module>) -> Needs {
    let mut needs = Needs::new();
    for (path, module) in modules {
        for name in &module.names {
            let Some(file) = absolute(modules, path, name).and_then(|name| defined_in(modules, &name, 0)) else {
                continue;
            };
            if file != module.file {
                needs.entry(module.file.clone()).or_default().entry(file).or_insert_with(|| name.join("::"));
            }
        }
    }
    needs
}

/// The circles: files each of which needs each other one of the same circle, directly or over others. Sorted.
pub fn circles(needs: &Needs) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = needs.keys().map(|file| (file, reach(needs, file))).collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for file in needs.keys() {
        let back = |other: &String| reached.get(other).is_some_and(|reached| reached.contains(file));
        let circle: BTreeSet<String> =
            reached.get(file).into_iter().flatten().filter(|other| back(other)).map(|other| (*other).clone()).collect();
        if !circle.is_empty() && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

/// A shortest way around a circle, as text.
pub fn way_around(needs: &Needs, circle: &BTreeSet<String>) -> String {
    let steps = circle.iter().filter_map(|start| shortest(needs, circle, start)).min_by_key(Vec::len);
    let steps = steps.unwrap_or_default();
    let needed = |pair: &[String]| {
        let [from, to] = pair else { return String::new() };
        let path = needs.get(from).and_then(|needs| needs.get(to)).map_or("", String::as_str);
        format!("{from} needs {to} for {path}")
    };
    steps.windows(2).map(needed).collect::<Vec<_>>().join("; ")
}

fn reach<'a>(needs: &'a Needs, from: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = needs.get(from).into_iter().flat_map(BTreeMap::keys).collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(needs.get(file).into_iter().flat_map(BTreeMap::keys));
        }
    }
    reached
}

fn shortest(needs: &Needs, circle: &BTreeSet<String>, start: &String) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in &ways {
            for next in way.last().and_then(|file| needs.get(file)).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some([way.as_slice(), std::slice::from_ref(next)].concat());
                }
                if circle.contains(next) && seen.insert(next.clone()) {
                    longer.push([way.as_slice(), std::slice::from_ref(next)].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

/// The path from the root of the crate, if it leads into the crate.
fn absolute(modules: &BTreeMap<ModulePath, Module>, within: &ModulePath, path: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let parent = || within.split_last().map(|(_, parent)| parent.to_vec()).unwrap_or_default();
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([within.as_slice(), rest].concat()),
        "super" => absolute(modules, &parent(), &[&["self".to_owned()], rest].concat()),
        name => {
            let child = [within.as_slice(), &[name.to_owned()]].concat();
            let module = modules.get(within)?;
            if modules.contains_key(&child) || module.defines.contains(name) {
                return Some([child.as_slice(), rest].concat());
            }
            let import = module.imports.get(name).filter(|import| import.first() != Some(first))?;
            absolute(modules, within, &[import.as_slice(), rest].concat())
        }
    }
}

/// The file in which the first thing of the path that is no module is defined.
fn defined_in(modules: &BTreeMap<ModulePath, Module>, path: &[String], depth: u8) -> Option<String> {
    let known = |length: &usize| path.get(..*length).is_some_and(|path| modules.contains_key(path));
    let length = (0..=path.len()).rev().find(known)?;
    let (within, rest) = path.split_at_checked(length)?;
    let module = modules.get(within)?;
    let (name, after) = rest.split_first()?;
    if module.defines.contains(name) {
        return Some(module.file.clone());
    }
    if depth > 8 {
        return None;
    }
    let from = |import: &[String]| {
        let path = absolute(modules, &within.to_vec(), import)?;
        defined_in(modules, &path, depth + 1)
    };
    if let Some(import) = module.imports.get(name) {
        return from(&[import.as_slice(), after].concat());
    }
    module.globs.iter().find_map(|glob| from(&[glob.as_slice(), rest].concat()))
}
