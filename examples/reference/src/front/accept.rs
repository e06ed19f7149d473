//! Accepting connections, and the end of it.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::PATIENCE;
use super::gate::Gate;
use super::work::Work;

/// Accepts connections: at most 1,024 at once; further ones wait in the system's queue.
#[derive(Debug)]
pub struct Front {
    places: Arc<Semaphore>,
    closing: CancellationToken,
}

/// A connection that was accepted and has its place.
pub struct Accepted {
    /// Who is at the other end.
    pub peer: SocketAddr,
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    closing: CancellationToken,
}

impl Accepted {
    /// The connection as a framework gets it.
    pub fn gate(self) -> Gate {
        Gate::new(self.stream, self.closing, self.place)
    }

    /// The same, in the runtime that calls this.
    ///
    /// # Errors
    /// Those of the system.
    pub fn moved_here(self) -> io::Result<Self> {
        Ok(Accepted { stream: TcpStream::from_std(self.stream.into_std()?)?, ..self })
    }
}

impl Front {
    /// With all places free.
    pub fn new() -> Self {
        Front { places: Arc::new(Semaphore::new(CONNECTIONS)), closing: CancellationToken::new() }
    }

    /// Hands connections to `connect` until `shutdown`. Then those that wait in the system's queue are still taken, requests
    /// that came or are on their way are answered, and `work` that was begun is waited for: [`PATIENCE`] each.
    pub async fn run(
        &self,
        listener: TcpListener,
        work: &Work,
        shutdown: impl Future<Output = ()>,
        mut connect: impl FnMut(Accepted),
    ) {
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = self.accept(&listener) => accepted,
            };
            match accepted {
                Ok(accepted) => connect(accepted),
                // Out of file descriptors, most likely: give connections time to end instead of spinning.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
        while let Ok(Ok(accepted)) = timeout(QUEUED, self.accept(&listener)).await {
            connect(accepted);
        }
        drop(listener);
        self.closing.cancel();
        let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        if timeout(PATIENCE, self.places.acquire_many(all)).await.is_err() {
            tracing::warn!("connections were cut off at the end");
        }
        if timeout(PATIENCE, work.finished()).await.is_err() {
            tracing::error!("requests were cut off at the end");
        }
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<Accepted> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = listener.accept().await?;
        // Answers are written at once and as a whole.
        stream.set_nodelay(true)?;
        Ok(Accepted { peer, stream, place, closing: self.closing.clone() })
    }
}

impl Default for Front {
    fn default() -> Self {
        Front::new()
    }
}

const CONNECTIONS: usize = 1_024;
/// How long the queue must have been empty.
const QUEUED: Duration = Duration::from_millis(20);
