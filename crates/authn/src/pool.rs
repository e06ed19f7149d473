//! A bounded pool of threads for work that takes long, with a bounded queue and no runtime.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

/// The threads end when the pool is dropped and the queue is empty.
pub(crate) struct Pool {
    jobs: SyncSender<Job>,
}

/// Every thread is at work and the queue is full.
#[derive(Debug)]
pub(crate) struct Full;

impl Pool {
    pub(crate) fn new(threads: usize, queue: usize) -> io::Result<Self> {
        let (jobs, queued) = sync_channel::<Job>(queue.max(1));
        let queued = Arc::new(Mutex::new(queued));
        for number in 0..threads.max(1) {
            let queued = Arc::clone(&queued);
            thread::Builder::new().name(format!("password-{number}")).spawn(move || work_off(&queued))?;
        }
        Ok(Pool { jobs })
    }

    /// Queues `work`; the future gives what it returned, or `None` if it panicked. Work that nobody waits for any more
    /// when its turn comes is left out.
    pub(crate) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<Outcome<T>, Full> {
        let slot = Arc::new(Slot(Mutex::new(State::Pending(None))));
        let outcome = Outcome(Arc::clone(&slot));
        let completion = Completion(slot);
        let job = Box::new(move || {
            if Arc::strong_count(&completion.0) > 1 {
                completion.0.settle(Some(work()));
            }
        });
        self.jobs.try_send(job).map_err(|_| Full)?;
        Ok(outcome)
    }
}

fn work_off(queued: &Mutex<Receiver<Job>>) {
    loop {
        let next = queued.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics answers `None` through its completion; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// What queued work returned, in time.
pub(crate) struct Outcome<T>(Arc<Slot<T>>);

/// Settles the slot when the job is gone, whatever became of it.
struct Completion<T>(Arc<Slot<T>>);

struct Slot<T>(Mutex<State<T>>);

enum State<T> {
    Pending(Option<Waker>),
    Settled(Option<T>),
}

impl<T> Slot<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first settlement counts.
    fn settle(&self, value: Option<T>) {
        let mut state = self.state();
        let State::Pending(waker) = &mut *state else { return };
        let waker = waker.take();
        *state = State::Settled(value);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Completion<T> {
    fn drop(&mut self) {
        self.0.settle(None);
    }
}

impl<T> Future for Outcome<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        match &mut *self.0.state() {
            State::Settled(value) => Poll::Ready(value.take()),
            State::Pending(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
