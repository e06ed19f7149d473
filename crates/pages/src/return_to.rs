//! `return_to` says where to go after signing in. It must be a place on this server, or it is ignored.

/// A local path with its query. It begins with one `/`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// Reads a path. `None` for whatever a browser could take for another host (`//evil.test`, `/\evil.test`, a scheme,
    /// a tab that it would drop), and for what is too long to be one of ours.
    pub(crate) fn parse(text: &str) -> Option<ReturnTo> {
        let local = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= 1_024
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        local.then(|| ReturnTo(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::ReturnTo;

    /// A link to our sign-in must not lead on to a page of somebody else, whatever way its address is written.
    #[test]
    fn only_a_local_path_is_returned_to() {
        for local in ["/", "/dashboard", "/device?user_code=AB-CD", "/consent?interaction=x#y"] {
            assert_eq!(ReturnTo::parse(local).expect(local).as_str(), local);
        }
        for foreign in [
            "https://evil.test",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/a\\..\\b",
            "javascript:alert(1)",
            "dashboard",
            "",
            " /dashboard",
            "/\t/evil.test",
            "/\r\nSet-Cookie: a=b",
            "/é",
        ] {
            assert_eq!(ReturnTo::parse(foreign), None, "{foreign:?}");
        }
        assert_eq!(ReturnTo::parse(&format!("/{}", "a".repeat(1_024))), None);
    }
}
