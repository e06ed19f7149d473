//! Where a person goes after signing in: on with a client's request, back to a page of ours, or to the dashboard.

use url::form_urlencoded;

use crate::form::{Fields, Form};
use crate::return_to::ReturnTo;

/// Read from the query of a page, carried through its form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Onward {
    /// On with a client's request: what the issuer calls it.
    pub(crate) interaction: Option<String>,
    /// Back to a page of ours.
    pub(crate) return_to: Option<ReturnTo>,
}

impl Onward {
    pub(crate) fn of(fields: &Fields) -> Self {
        Onward {
            interaction: fields.value("interaction").map(str::to_owned),
            return_to: fields.value("return_to").and_then(ReturnTo::parse),
        }
    }

    pub(crate) fn back_to(path: &str) -> Self {
        Onward { interaction: None, return_to: ReturnTo::parse(path) }
    }

    /// Where to go when no client waits.
    pub(crate) fn local(&self) -> &str {
        self.return_to.as_ref().map_or("/dashboard", ReturnTo::as_str)
    }

    /// The address of a page that leads on to the same place.
    pub(crate) fn link(&self, path: &str, extra: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.pairs() {
            query.append_pair(name, value);
        }
        query.extend_pairs(extra);
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// The form, with what it needs to lead on to the same place.
    pub(crate) fn carry(&self, form: Form) -> Form {
        self.pairs().fold(form, |form, (name, value)| form.with(name, value))
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let interaction = self.interaction.as_deref().map(|id| ("interaction", id));
        interaction.into_iter().chain(self.return_to.as_ref().map(|path| ("return_to", path.as_str())))
    }
}
