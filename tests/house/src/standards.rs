//! Links to standards in comments of documentation.
//!
//! `[RFC 7519 §4.1.4]` in brackets is a link: its target follows it in parentheses, or is defined in the same comment. A
//! definition in the comment of the module does not reach the comment of an item. Without brackets it is plain text.

/// A name in brackets that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dangling {
    /// The line, from 1, in which the comment begins.
    pub line: usize,
    /// What stands in the brackets.
    pub name: String,
}

/// The names in brackets of a source that lead nowhere. Code, `[paths]` and links in backticks are not meant.
pub fn dangling(source: &str) -> Vec<Dangling> {
    let mut found = Vec::new();
    let mut comment: Option<(usize, &str, String)> = None;
    for (number, line) in source.lines().enumerate().chain([(usize::MAX, "")]) {
        let line = line.trim_start();
        let kind = ["//!", "///"].into_iter().find(|kind| line.starts_with(kind) && !line.starts_with("////"));
        if let Some((line, _, text)) = comment.take_if(|(_, of, _)| Some(*of) != kind) {
            found.extend(in_comment(&text).into_iter().map(|name| Dangling { line, name }));
        }
        if let Some(kind) = kind {
            let (_, _, text) = comment.get_or_insert((number.saturating_add(1), kind, String::new()));
            text.push_str(line.get(kind.len()..).unwrap_or_default().trim_start());
            text.push('\n');
        }
    }
    found
}

fn in_comment(text: &str) -> Vec<String> {
    let prose = without_code(text);
    let one_line = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ");
    let defined: Vec<String> = prose
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.split_once("]:"))
        .map(|(name, _)| one_line(name))
        .collect();
    let mut dangling: Vec<String> = Vec::new();
    for (_, after) in prose.match_indices('[').filter_map(|(at, _)| prose.split_at_checked(at)) {
        let Some((name, rest)) = after.strip_prefix('[').and_then(|after| after.split_once(']')) else { continue };
        let name = one_line(name);
        let is_prose = name.contains([' ', '§']) && !name.contains(['[', '`']);
        if is_prose && !rest.starts_with(['(', '[', ':']) && !defined.contains(&name) && !dangling.contains(&name) {
            dangling.push(name);
        }
    }
    dangling
}

/// The text with code of whole lines and within lines taken out.
fn without_code(text: &str) -> String {
    let mut prose = String::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    // Every second part stands between backticks.
    prose.split('`').enumerate().map(|(nth, part)| if nth % 2 == 0 { part } else { "`" }).collect()
}
