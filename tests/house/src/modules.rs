//! The modules of a crate: which names each defines, imports and hands on.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, ItemMod, UseTree, Visibility};

/// A path from the root of the crate, without `crate`.
pub type ModulePath = Vec<String>;

/// What one module says. Tests (`#[cfg(test)]`) are left out.
#[derive(Debug, Default)]
pub struct Module {
    /// Where it is written, below the folder of the sources.
    pub file: String,
    /// The names that it defines.
    pub defines: BTreeSet<String>,
    /// The names that it imports, and what each of them stands for.
    pub imports: BTreeMap<String, Vec<String>>,
    /// What it imports whole.
    pub globs: Vec<Vec<String>>,
    /// The paths that its own code names. Handing a name on (`pub use`) is not naming it.
    pub names: Vec<Vec<String>>,
}

/// Reads a crate from its root file on.
///
/// # Errors
/// A file cannot be read, or is not Rust.
pub fn read(root: &Path) -> io::Result<BTreeMap<ModulePath, Module>> {
    let mut modules = BTreeMap::new();
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    read_file(root, &folder, &folder, Vec::new(), &mut modules)?;
    Ok(modules)
}

fn read_file(
    file: &Path,
    below: &Path,
    folder: &Path,
    path: ModulePath,
    modules: &mut BTreeMap<ModulePath, Module>,
) -> io::Result<()> {
    let source = std::fs::read_to_string(file)?;
    let parsed = syn::parse_file(&source).map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    let shown = file.strip_prefix(folder).unwrap_or(file).display().to_string();
    read_items(parsed.items, &shown, below, folder, path, modules)
}

fn read_items(
    items: Vec<Item>,
    file: &str,
    below: &Path,
    folder: &Path,
    path: ModulePath,
    modules: &mut BTreeMap<ModulePath, Module>,
) -> io::Result<()> {
    let mut module = Module { file: file.to_owned(), ..Module::default() };
    for item in items {
        if attributes(&item).iter().any(is_test) {
            continue;
        }
        match item {
            Item::Mod(inner) => {
                let child = [path.clone(), vec![inner.ident.to_string()]].concat();
                read_module(inner, file, below, folder, child, modules)?;
            }
            Item::Use(import) => {
                let hands_on = !matches!(import.vis, Visibility::Inherited);
                read_use(&import.tree, Vec::new(), hands_on, &mut module);
            }
            item => {
                module.defines.extend(name(&item));
                paths(item.to_token_stream(), &mut module.names);
            }
        }
    }
    modules.insert(path, module);
    Ok(())
}

fn read_module(
    module: ItemMod,
    file: &str,
    below: &Path,
    folder: &Path,
    path: ModulePath,
    modules: &mut BTreeMap<ModulePath, Module>,
) -> io::Result<()> {
    let name = module.ident.to_string();
    let below = below.join(&name);
    if let Some((_, items)) = module.content {
        return read_items(items, file, &below, folder, path, modules);
    }
    let (beside, within) = (below.with_extension("rs"), below.join("mod.rs"));
    let file: PathBuf = if beside.is_file() { beside } else { within };
    read_file(&file, &below, folder, path, modules)
}

fn read_use(tree: &UseTree, mut before: Vec<String>, hands_on: bool, module: &mut Module) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            read_use(&path.tree, before, hands_on, module);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| read_use(tree, before.clone(), hands_on, module)),
        UseTree::Glob(_) => module.globs.push(before),
        UseTree::Name(name) => import(name.ident.to_string(), name.ident.to_string(), before, hands_on, module),
        UseTree::Rename(name) => import(name.ident.to_string(), name.rename.to_string(), before, hands_on, module),
    }
}

fn import(name: String, known_as: String, mut path: Vec<String>, hands_on: bool, module: &mut Module) {
    let known_as = match name.as_str() {
        // `use a::{self}` imports `a`.
        "self" if known_as == "self" => path.last().cloned().unwrap_or_default(),
        "self" => known_as,
        _ => {
            path.push(name);
            known_as
        }
    };
    if !hands_on {
        module.names.push(path.clone());
    }
    module.imports.insert(known_as, path);
}

/// Every `a::b` in code, also within macros.
fn paths(tokens: TokenStream, found: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons < 2 {
                    keep(&mut path, found);
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                keep(&mut path, found);
                colons = 0;
                paths(group.stream(), found);
            }
            _ => {
                keep(&mut path, found);
                colons = 0;
            }
        }
    }
    keep(&mut path, found);
}

fn keep(path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let path = std::mem::take(path);
    if path.len() > 1 {
        found.push(path);
    }
}

fn is_test(attribute: &Attribute) -> bool {
    let text = attribute.meta.to_token_stream().to_string();
    attribute.path().is_ident("cfg") && text.contains("test") && !text.contains("not")
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}
