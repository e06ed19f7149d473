//! A judgement in words.

use std::fmt::Write;

use crate::judgement::Signature;
use crate::reason::Reason;
use crate::{rules, shown};

/// How wide text is laid out.
const WIDTH: usize = 100;

/// The reasons, numbered, each with its rule and what to do about it.
pub(crate) fn reasons(reasons: &[Reason]) -> String {
    let mut out = String::new();
    for (index, reason) in reasons.iter().enumerate() {
        let _ = writeln!(out, "{}. {}: {}", index + 1, reason.code, shown::text(&reason.message));
        let mut line = |name: &str, text: &str| out.push_str(&field(name, &shown::text(text)));
        if let Some((expected, found)) = &reason.sides {
            line("expected", expected);
            line("found", found);
        }
        if let Some(rule) = rules::with_code(reason.code) {
            line("rule", rule.rule);
            line("standard", rule.standard);
            line("to do", rule.remedy);
        }
        out.push('\n');
    }
    out
}

/// What is known about the signature.
pub(crate) fn signature(signature: &Signature) -> String {
    match signature {
        Signature::Verified => "verified".to_owned(),
        Signature::Wrong => "wrong".to_owned(),
        Signature::Unchecked(why) => format!("not checked: {why}"),
    }
}

/// A name and a text beside it, over several lines if need be.
pub(crate) fn field(name: &str, text: &str) -> String {
    const INDENT: usize = 14;
    let mut out = format!("   {name:<11}");
    let mut column = INDENT;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > WIDTH {
            let _ = write!(out, "\n{:INDENT$}", "");
            column = INDENT;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}
