//! Who asks, and where the answer may go. Whatever fails here is shown on our own page ([RFC 6749 §4.1.2.1]).

use countersign_storage::Fault;
use http::StatusCode;

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

/// Why a request is answered on our own page.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressRefusal {
    /// No `client_id`.
    #[error("The link does not say which application sent you here.")]
    ClientMissing,
    /// An operator suspended the client.
    #[error("The application that sent you here is not served at present.")]
    ClientSuspended,
    /// Nobody has this `client_id`.
    #[error("The application that sent you here is not known here.")]
    ClientUnknown,
    /// The parameters can not be read.
    #[error("The link that sent you here is damaged: {0}.")]
    Malformed(#[from] FormError),
    /// No `redirect_uri`. It is always required ([OIDC Core §3.1.2.1]), also where only one is registered.
    #[error("The link does not say where to return to.")]
    RedirectUriMissing,
    /// Not registered for the client, byte by byte.
    #[error("The link wants you to return to a place that the application did not register.")]
    RedirectUriUnregistered,
    /// `client_id` or `redirect_uri` came twice.
    #[error("The link that sent you here is ambiguous: {0}.")]
    Repeated(#[from] Repeated),
    /// Ours.
    #[error("Something went wrong on our side. Please try again.")]
    Failed(#[from] Fault),
}

pub(crate) async fn address(params: &Params, clients: &dyn ClientSource) -> Result<Addressed, AddressRefusal> {
    let client_id = params.one("client_id")?.ok_or(AddressRefusal::ClientMissing)?;
    let redirect_uri = params.one("redirect_uri")?;
    let client = clients.client(client_id).await?.ok_or(AddressRefusal::ClientUnknown)?;
    if client.state != ClientState::Active {
        return Err(AddressRefusal::ClientSuspended);
    }
    let redirect_uri = redirect_uri.ok_or(AddressRefusal::RedirectUriMissing)?;
    if !redirect_uri::is_registered(&client, redirect_uri) {
        return Err(AddressRefusal::RedirectUriUnregistered);
    }
    let state = params.one("state").ok().flatten().map(str::to_owned);
    Ok(Addressed { client, redirect_uri: redirect_uri.to_owned(), state })
}

impl From<AddressRefusal> for PageError {
    fn from(refusal: AddressRefusal) -> Self {
        use AddressRefusal as Why;
        let (status, code) = match &refusal {
            Why::ClientMissing | Why::Malformed(_) | Why::Repeated(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Why::ClientSuspended | Why::ClientUnknown => (StatusCode::BAD_REQUEST, "invalid_client"),
            Why::RedirectUriMissing | Why::RedirectUriUnregistered => (StatusCode::BAD_REQUEST, "invalid_redirect_uri"),
            Why::Failed(fault) => {
                tracing::error!(target: "countersign::oidc", %fault, "an authorization request failed");
                (fault.status(), "server_error")
            }
        };
        PageError::new(status, code, refusal.to_string())
    }
}
