//! Settings that nobody reads. Most of them are misspelt, and the server would run with a default instead.

use std::collections::BTreeSet;
use std::fmt;

/// A variable of the environment whose name begins as those of our settings do, and that is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownSetting {
    /// Its name.
    pub name: String,
    /// The setting that may have been meant.
    pub nearest: Option<&'static str>,
}

impl UnknownSetting {
    /// Those among the names of an environment, in their order.
    pub(crate) fn among(names: impl Iterator<Item = String>, known: &BTreeSet<&'static str>) -> Vec<Self> {
        let ours = names.filter(|name| name.starts_with("COUNTERSIGN_") && !known.contains(name.as_str()));
        ours.map(|name| UnknownSetting { nearest: nearest(&name, known), name }).collect()
    }
}

impl fmt::Display for UnknownSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nearest {
            Some(nearest) => write!(f, "{} is no setting and is not read; did you mean {nearest}?", self.name),
            None => write!(f, "{} is no setting and is not read", self.name),
        }
    }
}

/// The known name that is closest, where at most a third of it is different.
fn nearest(name: &str, known: &BTreeSet<&'static str>) -> Option<&'static str> {
    let ours = |name: &str| name.trim_start_matches("COUNTERSIGN_").as_bytes().to_vec();
    let distances = known.iter().map(|known| (distance(&ours(name), &ours(known)), *known));
    distances.min().filter(|(distance, known)| distance * 3 <= ours(known).len()).map(|(_, known)| known)
}

/// How many letters must be put in, left out or changed.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.iter().enumerate() {
        let mut next = vec![above + 1];
        for (pair, wanted) in row.windows(2).zip(other) {
            let (&[diagonal, up], Some(&left)) = (pair, next.last()) else { continue };
            next.push((diagonal + usize::from(letter != wanted)).min(up + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_named_with_the_one_that_was_meant() {
        let known = BTreeSet::from(["COUNTERSIGN_LISTEN", "COUNTERSIGN_PROXY_HEADER", "COUNTERSIGN_TRUSTED_PROXIES"]);
        let told = |name: &str| UnknownSetting::among([name.to_owned()].into_iter(), &known).pop().map(|it| it.nearest);
        assert_eq!(told("COUNTERSIGN_TRUSTED_PROXY"), Some(Some("COUNTERSIGN_TRUSTED_PROXIES")));
        assert_eq!(told("COUNTERSIGN_LISTNE"), Some(Some("COUNTERSIGN_LISTEN")));
        assert_eq!(told("COUNTERSIGN_PROXY_HEADERS"), Some(Some("COUNTERSIGN_PROXY_HEADER")));
        assert_eq!(told("COUNTERSIGN_TEST_POSTGRES"), Some(None));
        assert_eq!((told("COUNTERSIGN_LISTEN"), told("LISTEN"), told("RUST_LOG")), (None, None, None));
    }
}
