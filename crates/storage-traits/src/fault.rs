//! What went wrong on our side.

/// A fault of ours, not of the peer: the peer learns `server_error` (or 503) and nothing else.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The store, or another port, did not answer. Nothing is known to have changed. Answer 503 with `Retry-After`.
    #[error("a port is unavailable: {0}")]
    Unavailable(String),
    /// So many others wrote the same records that this operation never got its turn. Answer 503 with `Retry-After`.
    #[error("the operation lost every race it ran")]
    Contended,
    /// Whether the commit happened could not be found out. Answer 503; the caller must not assume either.
    #[error("the outcome of a commit is unknown")]
    Unknown,
    /// A stored record does not have the shape that this version of the software reads.
    #[error("a stored {kind} record cannot be read")]
    Corrupt {
        /// The kind of the record.
        kind: &'static str,
    },
    /// A newer version of the software wrote a record that this one must not use. Nothing was changed. Answer 503: another
    /// node, or this one after its update, can do it.
    #[error("a stored {kind} record was written by a newer version of this software")]
    Newer {
        /// The kind of the record.
        kind: &'static str,
    },
    /// Signing, sealing or opening failed.
    #[error("a cryptographic operation failed: {0}")]
    Crypto(&'static str),
    /// Something that the configuration should have ruled out.
    #[error("{0}")]
    Internal(&'static str),
}

impl Fault {
    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Fault::Unavailable(_) | Fault::Contended | Fault::Unknown | Fault::Newer { .. } => true,
            Fault::Corrupt { .. } | Fault::Crypto(_) | Fault::Internal(_) => false,
        }
    }

    /// The status that says so: 503 for what passes, 500 for the rest ([RFC 9110 §15.6]).
    ///
    /// [RFC 9110 §15.6]: https://www.rfc-editor.org/rfc/rfc9110#section-15.6
    pub fn status(&self) -> http::StatusCode {
        if self.is_transient() {
            http::StatusCode::SERVICE_UNAVAILABLE
        } else {
            http::StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
