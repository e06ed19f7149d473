//! Who asks, and where the answer may go. Whatever fails here is shown on our own page ([RFC 6749 §4.1.2.1]).
//!
//! [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1

use countersign_storage::Stopped;

use crate::client::{Client, ClientSource, ClientState};
use crate::error_page::PageError;
use crate::params::{FormError, Params, Repeated};
use crate::rules::redirect_uri;

/// A request whose client and redirect URI are proven to belong together.
pub(crate) struct Addressed {
    pub(crate) client: Client,
    pub(crate) redirect_uri: String,
    /// Returned with errors; absent where it was sent twice.
    pub(crate) state: Option<String>,
}

countersign_web::refusals! {
    /// Why a request is answered on our own page.
    #[derive(Clone, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum AddressRefusal {
        /// No `client_id`.
        ClientMissing => [
            BAD_REQUEST "invalid_request" "RFC 6749 §4.1.1" "The link does not say which application sent you here."
        ],
        /// An operator suspended the client.
        ClientSuspended => [
            BAD_REQUEST "invalid_client" "RFC 6749 §4.1.2.1"
            "The application that sent you here is not served at present."
        ],
        /// Nobody has this `client_id`.
        ClientUnknown => [
            BAD_REQUEST "invalid_client" "RFC 6749 §4.1.2.1" "The application that sent you here is not known here."
        ],
        /// The parameters cannot be read.
        Malformed(error: FormError) => [
            BAD_REQUEST "invalid_request" "RFC 6749 §4.1.1" "The link that sent you here is damaged: {error}."
        ],
        /// No `redirect_uri`. It is always required, also where only one is registered.
        RedirectUriMissing => [
            BAD_REQUEST "invalid_redirect_uri" "OIDC Core §3.1.2.1" "The link does not say where to return to."
        ],
        /// Not registered for the client, byte by byte.
        RedirectUriUnregistered => [
            BAD_REQUEST "invalid_redirect_uri" "RFC 9700 §2.1"
            "The link wants you to return to a place that the application did not register."
        ],
        /// `client_id` or `redirect_uri` came twice.
        Repeated(error: Repeated) => [
            BAD_REQUEST "invalid_request" "RFC 6749 §3.1" "The link that sent you here is ambiguous: {error}."
        ],
    }
}

pub(crate) async fn address(params: &Params, clients: &dyn ClientSource) -> Result<Addressed, Stopped<AddressRefusal>> {
    let client_id = params.one("client_id").map_err(AddressRefusal::Repeated)?.ok_or(AddressRefusal::ClientMissing)?;
    let redirect_uri = params.one("redirect_uri").map_err(AddressRefusal::Repeated)?;
    let client = clients.client(client_id).await?.ok_or(AddressRefusal::ClientUnknown)?;
    if client.state != ClientState::Active {
        return Err(AddressRefusal::ClientSuspended.into());
    }
    let redirect_uri = redirect_uri.ok_or(AddressRefusal::RedirectUriMissing)?;
    if !redirect_uri::is_registered(&client, redirect_uri) {
        return Err(AddressRefusal::RedirectUriUnregistered.into());
    }
    let state = params.one("state").ok().flatten().map(str::to_owned);
    Ok(Addressed { client, redirect_uri: redirect_uri.to_owned(), state })
}

impl From<AddressRefusal> for Stopped<AddressRefusal> {
    fn from(refusal: AddressRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl From<Stopped<AddressRefusal>> for PageError {
    fn from(stopped: Stopped<AddressRefusal>) -> Self {
        match stopped {
            Stopped::Refused(refusal) => PageError::new(refusal.status(), refusal.code(), refusal.to_string()),
            Stopped::Failed(fault) => {
                tracing::error!(target: "countersign::oidc", %fault, "an authorization request failed");
                PageError::new(fault.status(), "server_error", "Something went wrong on our side. Please try again.")
            }
        }
    }
}
