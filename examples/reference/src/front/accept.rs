//! Accepting connections, and the end of it.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use countersign_web::peer::PeerAddress;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::PATIENCE;
use super::callers::Callers;
use super::gate::Gate;
use super::share::{Place, Shares};
use super::work::Work;

/// Accepts connections: at most 1,024 at once; further ones wait in the system's queue. Of one network there are at most 128;
/// further ones are closed at once, so that they do not stand in that queue before others.
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
    place: Place,
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
        let shares = work.callers().shares(CONNECTIONS);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = self.accept(&listener, work.callers(), &shares) => accepted,
            };
            match accepted {
                Ok(accepted) => connect(accepted),
                // Out of file descriptors, most likely: give connections time to end instead of spinning.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
        while let Ok(Ok(accepted)) = timeout(QUEUED, self.accept(&listener, work.callers(), &shares)).await {
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

    async fn accept(&self, listener: &TcpListener, callers: &Callers, shares: &Shares) -> io::Result<Accepted> {
        let of_all = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        loop {
            let (stream, peer) = listener.accept().await?;
            let share = match callers.network(PeerAddress(peer.ip())) {
                None => None,
                Some(network) => match shares.take(network) {
                    None => continue,
                    share => share,
                },
            };
            // Answers are written at once and as a whole.
            stream.set_nodelay(true)?;
            let place = Place::new(of_all, share);
            return Ok(Accepted { peer, stream, place, closing: self.closing.clone() });
        }
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
