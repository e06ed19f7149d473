//! One connection, as a framework gets it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use countersign_web::http1::{BadBody, Body, Bounds, Head, HeadRefusal, find_end};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::share::Place;
use super::turn::Turn;
use super::{PATIENCE, WHOLE_ANSWER};

/// A connection that lets requests through **one at a time**: the next when the one before is answered and the peer takes
/// the answer. So a peer that sends thousands of requests and reads nothing costs the memory of one answer.
///
/// Each head is read strictly first ([`countersign_web::http1`]). In place of one that is refused, the framework gets an
/// empty request, and [`Answering::refusal`](super::Answering::refusal) says what to answer.
///
/// It ends the connection when a head takes longer than [`PATIENCE`], when nothing comes for as long, when the peer takes
/// nothing of an answer for as long, and when it has not taken all of it after [`WHOLE_ANSWER`].
pub struct Gate {
    stream: TcpStream,
    turn: Turn,
    phase: Phase,
    /// What came and is not judged yet.
    input: Vec<u8>,
    /// What the framework may read.
    passed: Vec<u8>,
    /// When the peer's head must be there.
    head_until: Option<Pin<Box<Sleep>>>,
    /// When the peer must have taken something; there while it takes nothing.
    taken_until: Option<Pin<Box<Sleep>>>,
    /// When the peer must have taken all of an answer; there from when it first let us wait until the next request.
    answered_until: Option<Pin<Box<Sleep>>>,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    is_closing: bool,
    /// The place among the connections.
    _place: Place,
}

enum Phase {
    Head,
    Body(Body),
    /// The body ends before its end, or is none. The framework sees that the connection does, and answers that.
    Broken,
    /// No request follows.
    Over,
}

impl Gate {
    pub(super) fn new(stream: TcpStream, closing: CancellationToken, place: Place) -> Self {
        Gate {
            stream,
            turn: Turn::new(closing.clone()),
            phase: Phase::Head,
            input: Vec::new(),
            passed: Vec::new(),
            head_until: None,
            taken_until: None,
            answered_until: None,
            closing: Box::pin(closing.cancelled_owned()),
            is_closing: false,
            _place: place,
        }
    }

    /// Whose turn it is, for whoever answers.
    pub fn turn(&self) -> Turn {
        self.turn.clone()
    }

    /// Until something may be read, or nothing will.
    fn poll_passed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.passed.is_empty() {
            match &mut self.phase {
                // Some servers drop what they answer as soon as they see the end.
                Phase::Over => {
                    ready!(self.turn.poll_peers(cx));
                    return Poll::Ready(Ok(()));
                }
                Phase::Broken => return Poll::Ready(Ok(())),
                Phase::Body(body) if body.is_over() => self.phase = Phase::Head,
                Phase::Body(body) => {
                    if self.input.is_empty() && ready!(fill(&mut self.stream, &mut self.input, cx))? == 0 {
                        self.phase = Phase::Broken;
                        continue;
                    }
                    match body.take(&self.input) {
                        Ok(own) => self.passed = self.input.drain(..own).collect(),
                        Err(BadBody) => self.phase = Phase::Broken,
                    }
                }
                Phase::Head => ready!(self.poll_head(cx))?,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Until a head is let through, or the connection is over.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.turn.poll_peers(cx));
        if self.taken_until.is_some() {
            // The peer does not take what it was sent. Whoever writes is woken when it does, and reads then.
            return Poll::Pending;
        }
        loop {
            match find_end(&self.input, Bounds::default()) {
                Err(refusal) => {
                    self.refuse(refusal);
                    return Poll::Ready(Ok(()));
                }
                Ok(Some(end)) => {
                    let head: Vec<u8> = self.input.drain(..end).collect();
                    match Head::parse(&head, Bounds::default()) {
                        Err(refusal) => self.refuse(refusal),
                        Ok(head) => {
                            self.head_until = None;
                            self.answered_until = None;
                            self.passed = head.bytes;
                            self.phase = Phase::Body(head.body);
                            self.turn.give(None);
                        }
                    }
                    return Poll::Ready(Ok(()));
                }
                Ok(None) => {}
            }
            match fill(&mut self.stream, &mut self.input, cx)? {
                Poll::Ready(0) => {
                    self.phase = Phase::Over;
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(_) => {}
                Poll::Pending => {
                    ready!(self.poll_head_until(cx));
                    self.phase = Phase::Over;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// Ready when the peer had its time. When the server ends it is short, for a request that is on its way.
    fn poll_head_until(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = self.head_until.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        if !self.is_closing && self.closing.as_mut().poll(cx).is_ready() {
            self.is_closing = true;
        }
        if self.is_closing && until.deadline() > Instant::now() + ON_ITS_WAY {
            until.as_mut().reset(Instant::now() + ON_ITS_WAY);
        }
        until.as_mut().poll(cx)
    }

    fn refuse(&mut self, refusal: HeadRefusal) {
        self.passed = REFUSED.to_vec();
        self.phase = Phase::Over;
        self.turn.give(Some(refusal));
    }
}

impl AsyncRead for Gate {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_passed(cx))?;
        let some = this.passed.len().min(buf.remaining());
        buf.put_slice(this.passed.get(..some).unwrap_or_default());
        this.passed.drain(..some);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gate {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Poll::Ready(written) = Pin::new(&mut this.stream).poll_write(cx, buf) {
            if this.taken_until.take().is_some() {
                // Reading may go on; one task does both.
                cx.waker().wake_by_ref();
            }
            return Poll::Ready(written);
        }
        let until = this.taken_until.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        let all_until = this.answered_until.get_or_insert_with(|| Box::pin(sleep(WHOLE_ANSWER)));
        if until.as_mut().poll(cx).is_pending() && all_until.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not take the answer")))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Reads some more. Nothing more is the end.
fn fill(stream: &mut TcpStream, input: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let mut some = [0; AT_ONCE];
    let mut buf = ReadBuf::new(&mut some);
    ready!(Pin::new(stream).poll_read(cx, &mut buf))?;
    input.extend_from_slice(buf.filled());
    Poll::Ready(Ok(buf.filled().len()))
}

/// What stands for a request that is refused: the framework says how it ends, and ends the connection.
const REFUSED: &[u8] = b"GET / HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n";
const ON_ITS_WAY: Duration = Duration::from_millis(250);
const AT_ONCE: usize = 8 * 1024;
