//! The clients of the file, in the database.

use countersign_oidc::Issuer;
use countersign_storage::{Fault, Stopped};

use crate::client_file::ClientEntry;
use crate::start_error::StartError;

/// Makes the client in the database as the file says.
pub(crate) async fn ensure(issuer: &Issuer, client: &ClientEntry) -> Result<(), StartError> {
    let refused = |reason: String| StartError::Client { client_id: client.client_id.clone(), reason };
    match issuer.declare_client(client.to_register().map_err(refused)?).await {
        Ok(_) => Ok(()),
        Err(Stopped::Failed(fault)) => Err(StartError::Fault(fault)),
        Err(Stopped::Refused(error)) => Err(refused(error.to_string())),
    }
}

/// A client that was taken out of the file is still in the database, and still served: that must not go unnoticed.
pub(crate) async fn warn_of_others(issuer: &Issuer, declared: &[ClientEntry]) -> Result<(), Fault> {
    for client in issuer
        .active_clients()
        .await?
        .iter()
        .filter(|client| !declared.iter().any(|entry| entry.client_id == client.client_id))
    {
        tracing::warn!(client_id = client.client_id, "a client is served that COUNTERSIGN_CLIENTS does not name");
    }
    Ok(())
}
