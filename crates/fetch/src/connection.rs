//! One connection, one request, one answer.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use countersign_storage::{FetchError, Fetched};
use http::header::{self, HeaderValue};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::target::{Target, Transport};

/// The most bytes of status line and headers that are read.
const HEAD_BYTES: usize = 64 * 1024;

pub(crate) async fn exchange(
    target: &Target,
    tls: &Arc<ClientConfig>,
    request: Request<Bytes>,
    longest_body: usize,
) -> Result<Fetched, FetchError> {
    let addresses = tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(broken)?;
    let stream = TcpStream::connect(&*reachable(target.transport, addresses)?).await.map_err(broken)?;
    // A request is written in one piece; waiting for more would only delay it.
    stream.set_nodelay(true).map_err(broken)?;
    let request = addressed(target, request)?;
    match target.transport {
        Transport::Plain => over(stream, request, longest_body).await,
        Transport::Tls => {
            let name = ServerName::try_from(target.host.clone())
                .map_err(|_| FetchError::Refused("its host is no name that a certificate can carry"))?;
            let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(broken)?;
            over(stream, request, longest_body).await
        }
    }
}

/// The addresses that may be connected to. A name below `localhost` stays on the machine by convention alone: resolvers that
/// do not know it ask others, and what these answer is not to be sent anything in the clear.
fn reachable(transport: Transport, addresses: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, FetchError> {
    let reachable: Vec<_> =
        addresses.filter(|address| transport == Transport::Tls || address.ip().is_loopback()).collect();
    if reachable.is_empty() {
        Err(FetchError::Refused("its name leads to no address that may be asked"))
    } else {
        Ok(reachable)
    }
}

/// The request as it goes over the wire: the path alone, and the host in its header.
fn addressed(target: &Target, request: Request<Bytes>) -> Result<Request<Full<Bytes>>, FetchError> {
    const UNSENDABLE: FetchError = FetchError::Refused("it is not a URL that HTTP can carry");
    let (mut parts, body) = request.into_parts();
    parts.uri = target.path.parse::<Uri>().map_err(|_| UNSENDABLE)?;
    parts.headers.insert(header::HOST, HeaderValue::from_str(&target.authority).map_err(|_| UNSENDABLE)?);
    parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(Request::from_parts(parts, Full::new(body)))
}

async fn over<S>(stream: S, request: Request<Full<Bytes>>, longest_body: usize) -> Result<Fetched, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(HEAD_BYTES).handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Dropped at the end of this function, or when the caller gives up waiting: the connection ends with it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let (parts, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    let body = Limited::new(body, longest_body)
        .collect()
        .await
        .map_err(|error| if error.is::<LengthLimitError>() { FetchError::TooLarge } else { broken(error) })?;
    Ok(Fetched { status: parts.status, headers: parts.headers, body: body.to_bytes() })
}

fn broken(error: impl Into<Box<dyn Error + Send + Sync>>) -> FetchError {
    FetchError::Connection(error.into().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_in_the_clear_to_another_machine_whatever_its_name_says() {
        let loopback: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let six: SocketAddr = "[::1]:80".parse().unwrap();
        let away: SocketAddr = "192.0.2.1:80".parse().unwrap();
        let over = |transport, addresses: &[SocketAddr]| reachable(transport, addresses.iter().copied()).ok();
        assert_eq!(over(Transport::Plain, &[away, loopback, six]), Some(vec![loopback, six]));
        assert_eq!(over(Transport::Plain, &[away]), None);
        assert_eq!(over(Transport::Plain, &[]), None);
        assert_eq!(over(Transport::Tls, &[away, loopback]), Some(vec![away, loopback]));
    }
}
