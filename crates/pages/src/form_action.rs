//! Where the form of a page may lead: the `form-action` directive ([CSP3 §6.4.2]).
//!
//! [CSP3 §6.4.2]: https://www.w3.org/TR/CSP3/#directive-form-action

use std::fmt;

use url::Url;

/// This site, and the place that a posted form is redirected to after the answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct FormAction(Option<String>);

impl FormAction {
    /// Leads to this site alone.
    pub(crate) const OWN: FormAction = FormAction(None);

    /// Leads to this site, and on to this source. That is an origin, or the scheme of an app's own URI
    /// (`com.example.app:`), which has no origin. Whatever is neither is left out, and so is what could end the directive.
    pub(crate) fn leading_to(source: &str) -> FormAction {
        // `https://*` is an origin to a URL parser, and every origin to a browser.
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-:/[]".contains(c);
        let origin = source.chars().all(plain)
            && Url::parse(source).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == source
            });
        // A scheme alone matches every address of that scheme; only an app's own scheme is as narrow as an origin.
        let own_scheme = source.strip_suffix(':').is_some_and(|scheme| {
            scheme.contains('.')
                && scheme.starts_with(|c: char| c.is_ascii_lowercase())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
        });
        if origin || own_scheme { FormAction(Some(source.to_owned())) } else { FormAction::OWN }
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
    fn a_form_may_lead_to_an_exact_origin_or_an_own_scheme_and_nowhere_else() {
        for (source, directive) in [
            ("https://rp.test", "'self' https://rp.test"),
            ("https://rp.test:8443", "'self' https://rp.test:8443"),
            ("http://127.0.0.1:51004", "'self' http://127.0.0.1:51004"),
            ("com.example.app:", "'self' com.example.app:"),
            ("https://rp.test/cb", "'self'"),
            ("https://user@rp.test", "'self'"),
            ("https://*", "'self'"),
            ("https:", "'self'"),
            ("javascript:", "'self'"),
            ("data:", "'self'"),
            ("*", "'self'"),
            ("", "'self'"),
            ("https://rp.test; script-src *", "'self'"),
            ("a.b; script-src *:", "'self'"),
        ] {
            assert_eq!(FormAction::leading_to(source).to_string(), directive, "{source}");
        }
    }
}
