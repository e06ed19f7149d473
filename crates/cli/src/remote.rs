//! An issuer's published keys, fetched once.

use countersign_fetch::{Limits, OutboundHttp};
use countersign_jose::JwkSet;
use countersign_jose::remote::{KeysUnavailable, RemoteKeys};

use crate::answer::Unable;
use crate::shown;

/// The keys that the issuer's metadata names, or those at a place that the caller knows.
pub(crate) fn keys(issuer: Option<&str>, jwks_uri: Option<&str>, now: i64) -> Result<JwkSet, Unable> {
    let fetch = OutboundHttp::new(Limits::default()).map_err(|error| Unable::new(error.to_string()))?;
    let keys = match (jwks_uri, issuer) {
        (Some(place), _) => RemoteKeys::at(place, fetch),
        (None, Some(issuer)) => RemoteKeys::of_issuer(issuer, fetch),
        (None, None) => {
            return Err(Unable::new(
                "where are the keys? Say --issuer URL, --jwks-uri URL, --keys FILE or --secret-file FILE",
            ));
        }
    };
    let keys = keys.map_err(|error| Unable::new(format!("no keys: {error}")))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.map_err(|error| Unable::new(format!("no keys: {error}")))?;
    runtime.block_on(keys.set(now)).map_err(|unavailable| unable(&unavailable))
}

fn unable(unavailable: &KeysUnavailable) -> Unable {
    let advice = crate::rules::with_code(unavailable.code()).map_or("", |rule| rule.remedy);
    Unable::new(format!("no keys: {} ({}). {advice}", shown::text(&unavailable.to_string()), unavailable.code()))
}
