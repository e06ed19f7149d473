//! Where the form of a page may lead: the `form-action` directive ([CSP3 §6.4.2]).

use std::fmt;

use url::Url;

/// Ourselves, and where a posted form is redirected to after we answered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct FormAction(Option<String>);

impl FormAction {
    /// Only to us.
    pub(crate) const OWN: FormAction = FormAction(None);

    /// To us, and on to where this registered redirect URI points: its exact origin, or its scheme where that is one of
    /// an app (`com.example.app:`), which has no origin.
    pub(crate) fn leading_to(redirect_uri: &str) -> FormAction {
        let Ok(url) = Url::parse(redirect_uri) else { return FormAction::OWN };
        let source = match url.scheme() {
            "http" | "https" => url.origin().ascii_serialization(),
            // A scheme alone matches every address of that scheme; only an app's own scheme is as narrow as an origin.
            scheme if scheme.contains('.') => format!("{scheme}:"),
            _ => return FormAction::OWN,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:/[]+".contains(c);
        if source.chars().all(plain) { FormAction(Some(source)) } else { FormAction::OWN }
    }
}

impl fmt::Display for FormAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("'self'"),
            Some(source) => write!(f, "'self' {source}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FormAction;

    #[test]
    fn a_form_may_lead_to_the_exact_origin_of_the_redirect_uri_and_nowhere_else() {
        for (redirect_uri, directive) in [
            ("https://rp.test/cb?a=b", "'self' https://rp.test"),
            ("https://rp.test:8443/cb", "'self' https://rp.test:8443"),
            ("http://127.0.0.1:51004/cb", "'self' http://127.0.0.1:51004"),
            ("https://user@rp.test/cb", "'self' https://rp.test"),
            ("com.example.app:/cb", "'self' com.example.app:"),
            ("javascript:alert(1)//", "'self'"),
            ("data:text/html,x", "'self'"),
            ("not a uri", "'self'"),
            ("https://rp.test; script-src *", "'self'"),
        ] {
            assert_eq!(FormAction::leading_to(redirect_uri).to_string(), directive, "{redirect_uri}");
        }
    }
}
