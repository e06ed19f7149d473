//! Scope ([RFC 6749 §3.3]).
//!
//! [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A list of scope tokens, each once, in the order in which they were first named. On the wire: separated by spaces.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Scopes(Vec<String>);

/// The text is no list of scope tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a list of scope tokens")]
pub struct InvalidScope;

impl Scopes {
    /// Reads a space-delimited list.
    ///
    /// # Errors
    /// [`InvalidScope`]: a character that a scope token cannot have, or two spaces in a row.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        if text.is_empty() {
            return Ok(Scopes::default());
        }
        text.split(' ').map(|token| if is_scope_token(token) { Ok(token) } else { Err(InvalidScope) }).collect()
    }

    /// Whether `scope` is in the list.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|known| known == scope)
    }

    /// Whether everything in this list is also in `other`.
    pub fn is_within(&self, other: &Scopes) -> bool {
        self.0.iter().all(|scope| other.contains(scope))
    }

    /// What both lists hold, in this list's order.
    #[must_use]
    pub fn intersection(&self, other: &Scopes) -> Scopes {
        self.iter().filter(|scope| other.contains(scope)).collect()
    }

    /// This list without what `other` holds.
    #[must_use]
    pub fn without(&self, other: &Scopes) -> Scopes {
        self.iter().filter(|scope| !other.contains(scope)).collect()
    }

    /// What either list holds, this one's first.
    #[must_use]
    pub fn union(&self, other: &Scopes) -> Scopes {
        self.iter().chain(other.iter()).collect()
    }

    /// The tokens, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `1*( %x21 / %x23-5B / %x5D-7E )`.
pub(crate) fn is_scope_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

impl<'a> FromIterator<&'a str> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(scopes: I) -> Self {
        let mut list: Vec<String> = Vec::new();
        for scope in scopes {
            if !list.iter().any(|known| known == scope) {
                list.push(scope.to_owned());
            }
        }
        Scopes(list)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scopes::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_list_has_single_spaces_and_no_quotes() {
        let parsed = Scopes::parse("openid email openid").map(|scopes| scopes.to_string());
        assert_eq!(parsed.as_deref(), Ok("openid email"));
        assert_eq!(Scopes::parse(""), Ok(Scopes::default()), "none is a list, too");
        for bad in [" openid", "openid ", "a  b", "a\"b", "a\\b", "ä", "a\tb"] {
            assert_eq!(Scopes::parse(bad), Err(InvalidScope), "{bad:?}");
        }
    }
}
