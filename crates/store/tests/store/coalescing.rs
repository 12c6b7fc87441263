use std::sync::{Arc, Mutex};
use store::Coalescer;
use tokio::sync::Barrier;

#[tokio::test]
async fn what_arrives_during_a_batch_makes_the_next_one() {
    let coalescer = Arc::new(Coalescer::<u32, u32>::new(100, 1));
    let batches = Arc::new(Mutex::new(Vec::new()));
    let barrier = Arc::new(Barrier::new(2));
    let write = {
        let (batches, barrier) = (batches.clone(), barrier.clone());
        move |batch: Vec<u32>| {
            let (batches, barrier) = (batches.clone(), barrier.clone());
            async move {
                let first = batches.lock().unwrap().is_empty();
                batches.lock().unwrap().push(batch.len());
                if first {
                    barrier.wait().await;
                }
                batch.into_iter().map(|n| n * 2).collect()
            }
        }
    };
    let submit = |n| {
        let (coalescer, write) = (coalescer.clone(), write.clone());
        tokio::spawn(async move { coalescer.submit(n, write).await })
    };
    let first = submit(1);
    while batches.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let rest: Vec<_> = (2..=30).map(submit).collect();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    barrier.wait().await;
    assert_eq!(first.await.unwrap(), Some(2));
    for (n, task) in (2..=30).zip(rest) {
        assert_eq!(task.await.unwrap(), Some(n * 2), "each gets its own answer");
    }
    assert_eq!(*batches.lock().unwrap(), [1, 29]);
}

#[tokio::test]
async fn more_than_a_batch_takes_several_and_a_panic_answers_none() {
    let coalescer = Arc::new(Coalescer::<u32, u32>::new(10, 1));
    let tasks: Vec<_> = (0..35)
        .map(|n| {
            let coalescer = coalescer.clone();
            tokio::spawn(async move {
                coalescer
                    .submit(n, |batch: Vec<u32>| async move {
                        assert!(!batch.contains(&34), "on purpose");
                        assert!(batch.len() <= 10);
                        batch
                    })
                    .await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert!(answers.iter().filter(|answer| answer.is_some()).count() >= 25);
    assert_eq!(answers[34], None);
    assert_eq!(coalescer.submit(1, |batch| async { batch }).await, Some(1), "it goes on afterwards");
}

/// Keys with numbers, as one batch had them.
type Inputs = Vec<(u128, u32)>;

/// What a test lets go on, batch by batch: batches begun, and how many may end.
#[derive(Clone)]
struct Disk {
    begun: Arc<Mutex<Vec<Inputs>>>,
    synced: Arc<tokio::sync::Semaphore>,
}

impl Disk {
    fn new() -> Self {
        Self { begun: Arc::default(), synced: Arc::new(tokio::sync::Semaphore::new(0)) }
    }

    fn submit(
        &self,
        coalescer: &Arc<Coalescer<(u128, u32), u32>>,
        input: (u128, u32),
    ) -> tokio::task::JoinHandle<Option<u32>> {
        let (disk, coalescer) = (self.clone(), coalescer.clone());
        let write = move |batch: Vec<(u128, u32)>| {
            let disk = disk.clone();
            async move {
                disk.begun.lock().unwrap().push(batch.clone());
                disk.synced.acquire().await.unwrap().forget();
                batch.into_iter().map(|(_, n)| n).collect()
            }
        };
        tokio::spawn(async move { coalescer.submit(input, write).await })
    }

    /// The batches begun once everybody has had his turn.
    async fn begun(&self) -> Vec<Vec<(u128, u32)>> {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.begun.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn another_batch_begins_beside_the_first_when_as_many_wait() {
    let (disk, coalescer) = (Disk::new(), Arc::new(Coalescer::new(100, 2)));
    let submit = |numbers: std::ops::Range<u32>| numbers.map(|n| disk.submit(&coalescer, (0, n))).collect::<Vec<_>>();
    let mut all = submit(0..3);
    assert_eq!(disk.begun().await, [[(0, 0), (0, 1), (0, 2)]]);
    all.extend(submit(3..5));
    assert_eq!(disk.begun().await.len(), 1, "two wait for the three");
    all.extend(submit(5..6));
    assert_eq!(disk.begun().await[1..], [[(0, 3), (0, 4), (0, 5)]]);
    all.extend(submit(6..20));
    assert_eq!(disk.begun().await.len(), 2, "never more than two");
    disk.synced.add_permits(1);
    assert_eq!(disk.begun().await[2].len(), 14, "those who wait go when one has ended");
    disk.synced.add_permits(10);
    for (n, task) in all.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), u32::try_from(n).ok());
    }
}

#[tokio::test]
async fn inputs_of_one_key_never_lie_in_two_batches_and_keep_their_order() {
    let (disk, coalescer) = (Disk::new(), Arc::new(Coalescer::new(2, 2).keyed(|(key, _)| uuid::Uuid::from_u128(*key))));
    let mut all = vec![disk.submit(&coalescer, (7, 0))];
    assert_eq!(disk.begun().await.len(), 1);
    let inputs = [(7, 1), (8, 2), (7, 3), (9, 4), (7, 5)];
    all.extend(inputs.map(|input| disk.submit(&coalescer, input)));
    assert_eq!(disk.begun().await[1..], [[(8, 2), (9, 4)]], "others do not wait for the key that is held");
    disk.synced.add_permits(1);
    assert_eq!(disk.begun().await[2..], [[(7, 1), (7, 3)]], "with its batch the key is free; two a batch at most");
    disk.synced.add_permits(10);
    for (n, task) in all.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), u32::try_from(n).ok());
    }
    assert_eq!(disk.begun().await[3..], [[(7, 5)]]);
}
