//! Group commit by hand: what arrives while a batch is on its way makes up the next batch.

use futures_util::FutureExt;
use std::collections::HashSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Runs `write` over batches of concurrent callers' inputs. A lone caller waits for nobody; under load many share one
/// statement and one commit. Batches are written by tasks of their own, so a caller that goes away harms nobody.
pub struct Coalescer<In, Out> {
    state: Arc<Mutex<State<In, Out>>>,
    rules: Rules<In>,
}

struct Rules<In> {
    max_batch: usize,
    parallel: usize,
    key: Option<fn(&In) -> Uuid>,
}

struct State<In, Out> {
    waiting: Batch<In, Out>,
    /// Batches begun and not ended.
    batches: usize,
    /// Inputs in them.
    inputs: usize,
    /// Keys of these.
    held: HashSet<Uuid>,
}

type Batch<In, Out> = Vec<(In, oneshot::Sender<Out>)>;

impl<In: Send + 'static, Out: Send + 'static> Coalescer<In, Out> {
    /// Batches of at most `max_batch`, at most `parallel` of them under way at once. Beside others one begins when at least
    /// as many wait as are in one of them: while one waits for the disk another is made, yet few large batches cost less
    /// than many small ones.
    pub fn new(max_batch: usize, parallel: usize) -> Self {
        let state = State { waiting: Vec::new(), batches: 0, inputs: 0, held: HashSet::new() };
        Self { state: Arc::new(Mutex::new(state)), rules: Rules { max_batch, parallel, key: None } }
    }

    /// Inputs of one key never lie in two batches under way: the later ones wait here rather than for a lock of the
    /// first, with all that is in their batch.
    #[must_use]
    pub fn keyed(mut self, key: fn(&In) -> Uuid) -> Self {
        self.rules.key = Some(key);
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
        let begun = {
            let mut state = lock(&self.state);
            state.waiting.push((input, sender));
            state.begin(&self.rules)
        };
        if let Some(mut expected) = begun {
            let (state, rules) = (Arc::clone(&self.state), self.rules);
            #[expect(clippy::disallowed_methods, reason = "must outlive the caller; ends when nothing waits")]
            tokio::spawn(async move {
                loop {
                    // Callers that are ready now come along: without this the first one would go alone. And those who
                    // were answered may come back with their next.
                    tokio::task::yield_now().await;
                    let Some((batch, keys)) = lock(&state).take(&rules, expected) else { return };
                    let (inputs, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
                    // After a panic the senders are dropped, which is the answer.
                    let outputs = AssertUnwindSafe(async { write(inputs).await }).catch_unwind().await;
                    lock(&state).end(senders.len(), &keys);
                    for (sender, output) in senders.into_iter().zip(outputs.unwrap_or_default()) {
                        // A caller that went away needs no answer.
                        let _ = sender.send(output);
                    }
                    match lock(&state).begin(&rules) {
                        Some(next) => expected = next,
                        None => return,
                    }
                }
            });
        }
        receiver.await.ok()
    }
}

impl<In> Clone for Rules<In> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<In> Copy for Rules<In> {}

impl<In, Out> State<In, Out> {
    /// Takes the place of one more batch, if it is time for one; answers how many inputs it counts for until it is taken.
    fn begin(&mut self, rules: &Rules<In>) -> Option<usize> {
        let n = self.waiting.len();
        if n == 0 || self.batches >= rules.parallel || n * self.batches < self.inputs {
            return None;
        }
        let expected = n.min(rules.max_batch);
        (self.batches, self.inputs) = (self.batches + 1, self.inputs + expected);
        Some(expected)
    }

    /// The next batch and its keys; without one the place is given back.
    fn take(&mut self, rules: &Rules<In>, expected: usize) -> Option<(Batch<In, Out>, Vec<Uuid>)> {
        let batch: Batch<In, Out> = match rules.key {
            None => self.waiting.drain(..self.waiting.len().min(rules.max_batch)).collect(),
            Some(key) => {
                let (held, mut room) = (&self.held, rules.max_batch);
                let free = |(input, _): &mut (In, _)| {
                    let free = room > 0 && !held.contains(&key(input));
                    room -= usize::from(free);
                    free
                };
                self.waiting.extract_if(.., free).collect()
            }
        };
        self.inputs = self.inputs - expected + batch.len();
        if batch.is_empty() {
            // All that waits is held: the batches that hold it are followed by others.
            self.batches -= 1;
            return None;
        }
        let keys: Vec<Uuid> =
            rules.key.map_or_else(Vec::new, |key| batch.iter().map(|(input, _)| key(input)).collect());
        self.held.extend(&keys);
        Some((batch, keys))
    }

    fn end(&mut self, inputs: usize, keys: &[Uuid]) {
        (self.batches, self.inputs) = (self.batches - 1, self.inputs - inputs);
        for key in keys {
            self.held.remove(key);
        }
    }
}

fn lock<In, Out>(state: &Mutex<State<In, Out>>) -> MutexGuard<'_, State<In, Out>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
