//! The port for outbound HTTP of the store's side, as the verifier's.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_jose::remote;
use countersign_storage::{Destination, Fetch, FetchError};
use url::Url;

/// Fetches what the operator chose: the issuer's documents. It knows no conditional requests.
pub(super) struct Documents(pub(super) Arc<dyn Fetch>);

#[async_trait]
impl remote::Fetch for Documents {
    async fn get(&self, url: &Url, _if_none_match: Option<&str>) -> Result<remote::Fetched, remote::FetchError> {
        let fetched = self.0.get(url, Destination::Operator).await.map_err(|error| match error {
            FetchError::Refused(reason) => remote::FetchError::Refused(reason.to_owned()),
            FetchError::Connection(reason) => remote::FetchError::Connection(reason),
            FetchError::TooLarge => remote::FetchError::TooLarge,
            FetchError::TimedOut => remote::FetchError::TimedOut,
            other => remote::FetchError::Connection(other.to_string()),
        })?;
        let answer = remote::Fetched::new(fetched.status.as_u16(), fetched.body);
        Ok(fetched.headers.iter().fold(answer, |answer, (name, value)| match value.to_str() {
            Ok(value) => answer.with_header(name.as_str(), value),
            Err(_) => answer,
        }))
    }
}
