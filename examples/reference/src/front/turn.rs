//! Whose turn it is on a connection: its peer's, to send a request, or ours, to answer it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use countersign_web::http1::HeadRefusal;
use http::Response;
use http::header::{CONNECTION, HeaderValue};
use tokio_util::sync::CancellationToken;

use crate::body::plain_refusal;

/// Shared by a connection's [`Gate`](super::Gate) and whoever answers its requests.
#[derive(Clone, Debug)]
pub struct Turn {
    state: Arc<Mutex<State>>,
    closing: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    /// A request was let through and is not answered yet.
    ours: bool,
    refusal: Option<HeadRefusal>,
    reader: Option<Waker>,
}

/// A request is being answered, until this is dropped.
#[derive(Debug)]
pub struct Answering(Turn);

impl Turn {
    pub(super) fn new(closing: CancellationToken) -> Self {
        Turn { state: Arc::default(), closing }
    }

    /// Call it where an answer begins, and keep what it gives until the answer is made: the next request waits for that.
    pub fn answering(&self) -> Answering {
        Answering(self.clone())
    }

    /// A request is let through: it is our turn until it is answered.
    pub(super) fn give(&self, refusal: Option<HeadRefusal>) {
        let mut state = self.state();
        state.ours = true;
        state.refusal = refusal;
    }

    /// Ready when it is the peer's turn.
    pub(super) fn poll_peers(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if !state.ours {
            return Poll::Ready(());
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answering {
    /// What is answered to a request that the gate refused; `None` where it let it through.
    pub fn refusal(&self) -> Option<Response<Bytes>> {
        let refusal = self.0.state().refusal?;
        Some(plain_refusal(refusal.status(), &refusal.to_string()))
    }

    /// Says in the answer that the connection ends, where the server does.
    pub fn finish(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        if self.0.closing.is_cancelled() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let reader = {
            let mut state = self.0.state();
            state.ours = false;
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}
