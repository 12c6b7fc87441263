//! Group commit by hand: what arrives while a batch is on its way makes up the next batch.

use futures_util::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Runs `write` over batches of concurrent callers' inputs. A lone caller waits for nobody; under load many share one
/// statement and one commit. Batches are written by tasks of their own, so a caller that goes away harms nobody.
pub struct Coalescer<In, Out> {
    state: Arc<Mutex<State<In, Out>>>,
    max_batch: usize,
    parallel: usize,
    crowd: usize,
}

struct State<In, Out> {
    waiting: Batch<In, Out>,
    /// Tasks that write batches.
    at_work: usize,
}

impl<In: Send + 'static, Out: Send + 'static> Coalescer<In, Out> {
    /// Batches of at most `max_batch`, at most `parallel` of them under way at once.
    pub fn new(max_batch: usize, parallel: usize) -> Self {
        let state = State { waiting: Vec::new(), at_work: 0 };
        Self { state: Arc::new(Mutex::new(state)), max_batch, parallel, crowd: 1 }
    }

    /// While a batch is under way another one begins only when so many wait: few large batches cost less than many
    /// small ones, and those that wait for a lock of the first one would gain nothing.
    #[must_use]
    pub fn crowd(mut self, crowd: usize) -> Self {
        self.crowd = crowd.max(1);
        self
    }

    /// Hands in one input and waits for its output. `write` gets a batch and answers in the same order; `None` where
    /// an answer is missing or the writing panicked.
    pub async fn submit<F, Fut>(&self, input: In, write: F) -> Option<Out>
    where
        F: Fn(Vec<In>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Vec<Out>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let more_hands = {
            let mut state = lock(&self.state);
            state.waiting.push((input, sender));
            let more_hands = state.at_work == 0 || (state.at_work < self.parallel && state.waiting.len() >= self.crowd);
            state.at_work += usize::from(more_hands);
            more_hands
        };
        if more_hands {
            let (state, max_batch, crowd) = (Arc::clone(&self.state), self.max_batch, self.crowd);
            #[expect(clippy::disallowed_methods, reason = "must outlive the caller; ends when nothing waits")]
            tokio::spawn(async move {
                // Callers that are ready now come along: without this the first one would go alone.
                tokio::task::yield_now().await;
                while let Some(batch) = take(&state, max_batch, crowd) {
                    let (inputs, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
                    // After a panic the senders are dropped, which is the answer.
                    let outputs = AssertUnwindSafe(async { write(inputs).await }).catch_unwind().await;
                    for (sender, output) in senders.into_iter().zip(outputs.unwrap_or_default()) {
                        // A caller that went away needs no answer.
                        let _ = sender.send(output);
                    }
                    // Those who were answered may come back with their next.
                    tokio::task::yield_now().await;
                }
            });
        }
        receiver.await.ok()
    }
}

type Batch<In, Out> = Vec<(In, oneshot::Sender<Out>)>;

/// The next batch; without one the caller's work is over. What is too little for it another one will take.
fn take<In, Out>(state: &Mutex<State<In, Out>>, most: usize, crowd: usize) -> Option<Batch<In, Out>> {
    let mut state = lock(state);
    if state.waiting.is_empty() || (state.at_work > 1 && state.waiting.len() < crowd) {
        state.at_work -= 1;
        return None;
    }
    let n = state.waiting.len().min(most);
    Some(state.waiting.drain(..n).collect())
}

fn lock<In, Out>(state: &Mutex<State<In, Out>>) -> MutexGuard<'_, State<In, Out>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
