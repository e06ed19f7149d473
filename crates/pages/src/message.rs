//! Pages that only tell something: an error, a page that does not exist, a thing that is done.

use serde::Serialize;

use crate::templates::Page;

/// The page.
#[derive(Clone, Debug, Serialize)]
pub struct MessagePage {
    /// What it is about.
    pub heading: String,
    /// What it means for the reader.
    pub text: String,
    /// A code for whoever runs the client, as small print.
    pub detail: Option<String>,
    /// Where to go next.
    pub link: Option<Link>,
}

/// A way on.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// A local path.
    pub href: String,
    /// What it says.
    pub words: String,
}

impl Page for MessagePage {
    const TEMPLATE: &'static str = "message.html";
}
