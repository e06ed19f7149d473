//! Where a page of a list ends, for the link to the next page.
//!
//! The link holds it sealed, for this person in this session. So nobody else makes a link that leaves out the beginning of the
//! list, and nobody reads the place: the id of a record holds a count of everything that this server records.

use countersign_storage::{Cursor, Fault, Sealed, SealingKey, Subject};
use url::form_urlencoded;

use crate::form_token::Browser;

/// Seals and opens the places of one list.
pub(crate) struct Places<'a> {
    key: SealingKey,
    subject: &'a Subject,
}

impl<'a> Places<'a> {
    /// Those of this person's list, in this browser. No two lists have the same `name`.
    pub(crate) fn of(name: &str, subject: &'a Subject, browser: &Browser) -> Self {
        Places { key: browser.sealing_key(name), subject }
    }

    /// The query of the link to what comes after this place: `member` names its one member.
    pub(crate) fn query(&self, member: &str, cursor: &Cursor) -> Result<String, Fault> {
        let sealed = self.key.seal(self.subject.as_str(), cursor.0.as_bytes())?;
        Ok(form_urlencoded::Serializer::new(String::new()).append_pair(member, sealed.as_str()).finish())
    }

    /// The place, where it is one of these.
    pub(crate) fn open(&self, sealed: &str) -> Option<Cursor> {
        let opened = self.key.open(self.subject.as_str(), &Sealed::from_text(sealed)).ok()?;
        String::from_utf8(opened.to_vec()).ok().map(Cursor)
    }
}
