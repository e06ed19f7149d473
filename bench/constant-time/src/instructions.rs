//! The count: as many instructions wherever the wrong byte stands. What valgrind counts does not depend on the machine's
//! mood, so this can be asked of every build.

use std::hint::black_box;
use std::process::Command;

use crate::subject::{self, Must, Subject};

const TIMES: usize = 50;

/// Runs itself under callgrind, once for each subject and place.
pub(crate) fn check() -> bool {
    let mut passed = true;
    for (name, must) in subject::NAMES {
        let Some(length) = subject::named(name).map(|subject| subject.length()) else { return false };
        let counts: Option<Vec<u64>> =
            [0, 1, length / 2, length - 1].into_iter().map(|place| count(name, place)).collect();
        let Some(counts) = counts else {
            eprintln!("{name}: valgrind did not count; is it installed?");
            return false;
        };
        let constant = counts.iter().all(|count| Some(count) == counts.first());
        let fine = constant == (must == Must::BeConstant);
        let each: Vec<String> = counts.iter().map(|count| (count / TIMES as u64).to_string()).collect();
        println!("{name:13} instructions a comparison: {}  {}", each.join(" "), if fine { "ok" } else { "FAILED" });
        passed &= fine;
    }
    passed
}

/// The job that is counted.
pub(crate) fn observe(name: &str, place: &str) -> bool {
    let (Some(mut subject), Ok(place)) = (subject::named(name), place.parse()) else { return false };
    let mut mask = [0; 64];
    mask.iter_mut().skip(place).take(1).for_each(|byte| *byte = 1);
    subject.present(&mask);
    // What happens once has happened.
    let first = subject.accepts();
    let accepted = (0..TIMES).filter(|_| counted_alone(&*subject)).count();
    !first && accepted == 0
}

/// Its name is what callgrind is told to count in.
#[inline(never)]
fn counted_alone(subject: &dyn Subject) -> bool {
    black_box(subject).accepts()
}

fn count(name: &str, place: usize) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted_alone*"])
        .arg(program)
        // As many characters for each place.
        .args(["observe", name, &format!("{place:02}")])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"))?.1;
    // Nothing counted would be the same everywhere.
    collected.trim().parse().ok().filter(|count| output.status.success() && *count > TIMES as u64 * 10)
}
