//! Whether a connection ends at the server process that runs its statements, or at a pooler that lends server processes.
//!
//! We prepare statements by name only where the session is ours alone. Behind a pooler, the same name may already belong to
//! somebody else's statement.
//!
//! How to tell: when a connection opens, the other end gives the number of a process, for later requests to cancel. A server
//! gives the number of the process that runs our statements. A pooler does not know yet which process that will be, so it
//! invents a number.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{CancelToken, Client, Error};

/// Whether there is no pooler between this connection and the server process.
pub(crate) async fn is_direct(connection: &Client) -> Result<bool, Error> {
    let rows = connection.query_typed("SELECT pg_catalog.pg_backend_pid()", &[]).await?;
    let serving: Option<i32> = rows.first().and_then(|row| row.try_get(0).ok());
    Ok(serving.is_some() && serving == announced(&connection.cancel_token()).await)
}

/// The number of the process that was given when the connection opened. The client shows it only in a request to cancel. So
/// one is written into memory, where nobody receives it, and the number is read from there.
async fn announced(token: &CancelToken) -> Option<i32> {
    let (near, mut nobody) = tokio::io::duplex(64);
    // If TLS is configured, the request begins with the question whether the server speaks it. "S" means yes.
    nobody.write_all(b"S").await.ok()?;
    token.cancel_query_raw(near, InMemory).await.ok()?;
    let mut request = Vec::new();
    nobody.read_to_end(&mut request).await.ok()?;
    // The request ends with the process and its key, four bytes each.
    let process = request.rchunks_exact(4).nth(1)?;
    process.try_into().ok().map(i32::from_be_bytes)
}

/// In place of TLS: what never leaves the memory needs no encryption.
struct InMemory;

impl TlsConnect<DuplexStream> for InMemory {
    type Stream = InMemoryStream;
    type Error = io::Error;
    type Future = Ready<io::Result<InMemoryStream>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        ready(Ok(InMemoryStream(stream)))
    }
}

struct InMemoryStream(DuplexStream);

impl TlsStream for InMemoryStream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for InMemoryStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for InMemoryStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
