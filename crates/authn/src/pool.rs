//! A bounded pool of threads for work that takes long, with a bounded queue and no runtime. Each thread keeps something of
//! its own, and lends it to one job after the other.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

type Job<Own> = Box<dyn FnOnce(&mut Own) + Send>;

/// The threads end when the pool is dropped and the queue is empty.
pub(crate) struct Pool<Own> {
    jobs: SyncSender<Job<Own>>,
}

/// Every thread is at work and the queue is full.
#[derive(Debug)]
pub(crate) struct Full;

impl<Own: 'static> Pool<Own> {
    /// `own` makes what a thread keeps.
    pub(crate) fn new(
        threads: usize,
        queue: usize,
        own: impl Fn() -> Own + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, queued) = sync_channel::<Job<Own>>(queue.max(1));
        let queued = Arc::new(Mutex::new(queued));
        for number in 0..threads.max(1) {
            let (queued, own) = (Arc::clone(&queued), own.clone());
            thread::Builder::new().name(format!("password-{number}")).spawn(move || work_off(&queued, own))?;
        }
        Ok(Pool { jobs })
    }

    /// Queues `work`; the future gives what it returned, or `None` if it panicked. Work that nobody waits for any more
    /// when its turn comes is left out.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Own) -> T + Send + 'static,
    ) -> Result<Outcome<T>, Full> {
        let slot = Arc::new(Slot(Mutex::new(State::Pending(None))));
        let outcome = Outcome(Arc::clone(&slot));
        let completion = Completion(slot);
        let job = Box::new(move |own: &mut Own| {
            if Arc::strong_count(&completion.0) > 1 {
                completion.0.settle(Some(work(own)));
            }
        });
        self.jobs.try_send(job).map_err(|_| Full)?;
        Ok(outcome)
    }
}

fn work_off<Own>(queued: &Mutex<Receiver<Job<Own>>>, make: impl Fn() -> Own) {
    let mut own = make();
    loop {
        let next = queued.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics answers `None` through its completion; the thread goes on, with nothing of what it left.
        if catch_unwind(AssertUnwindSafe(|| job(&mut own))).is_err() {
            own = make();
        }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pollster::block_on;

    use super::*;

    #[test]
    fn a_thread_keeps_its_own_from_job_to_job_and_makes_another_after_a_panic() {
        let made = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&made);
        let pool = Pool::new(1, 8, move || counting.fetch_add(1, Ordering::SeqCst)).unwrap();
        let run = |job: fn(&mut usize) -> usize| block_on(pool.run(job).unwrap());
        for expected in 1..9 {
            let next = |own: &mut usize| {
                *own += 1;
                *own
            };
            assert_eq!(run(next), Some(expected));
        }
        assert_eq!(run(|_| panic!("as this test wants it")), None);
        assert_eq!(run(|own| *own), Some(1));
        assert_eq!(made.load(Ordering::SeqCst), 2);
    }
}
