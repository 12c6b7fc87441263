//! Group commit by hand: what arrives while a batch is on its way makes up the next batch.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, oneshot};

/// Runs `write` over batches of concurrent callers' inputs. A lone caller waits for nobody; under load many share one
/// statement and one commit. A batch is written by a task of its own, so a caller that goes away harms nobody.
pub struct Coalescer<In, Out> {
    waiting: Mutex<Waiting<In, Out>>,
    /// Batches under way at once.
    turns: Arc<Semaphore>,
    max_batch: usize,
}

type Waiting<In, Out> = Vec<(In, oneshot::Sender<Out>)>;

impl<In: Send + 'static, Out: Send + 'static> Coalescer<In, Out> {
    pub fn new(max_batch: usize, parallel: usize) -> Self {
        Self { waiting: Mutex::new(Vec::new()), turns: Arc::new(Semaphore::new(parallel)), max_batch }
    }

    /// Hands in one input and waits for its output. `write` gets a batch and answers in the same order; `None` where
    /// an answer is missing or the writing panicked.
    pub async fn submit<F, Fut>(&self, input: In, write: F) -> Option<Out>
    where
        F: Fn(Vec<In>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Vec<Out>> + Send + 'static,
    {
        let (sender, mut receiver) = oneshot::channel();
        self.lock().push((input, sender));
        loop {
            tokio::select! {
                biased;
                output = &mut receiver => return output.ok(),
                turn = self.turns.clone().acquire_owned() => {
                    let turn = turn.ok()?;
                    let batch = self.take();
                    if batch.is_empty() {
                        // Somebody else carried ours away and is writing it; only its answer is left to wait for.
                        drop(turn);
                        return receiver.await.ok();
                    }
                    let write = write.clone();
                    #[expect(clippy::disallowed_methods, reason = "must outlive the caller; ends with its batch")]
                    tokio::spawn(async move {
                        let (inputs, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
                        for (sender, output) in senders.into_iter().zip(write(inputs).await) {
                            // A caller that went away needs no answer.
                            let _ = sender.send(output);
                        }
                        drop(turn);
                    });
                }
            }
        }
    }

    fn take(&self) -> Waiting<In, Out> {
        let mut waiting = self.lock();
        let n = waiting.len().min(self.max_batch);
        waiting.drain(..n).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting<In, Out>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
