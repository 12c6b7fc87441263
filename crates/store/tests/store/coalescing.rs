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

#[tokio::test]
async fn a_second_batch_begins_beside_the_first_only_when_a_crowd_waits() {
    let coalescer = Arc::new(Coalescer::<u32, u32>::new(100, 2).crowd(5));
    let begun = Arc::new(Mutex::new(Vec::new()));
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let submit = |n| {
        let (coalescer, begun, gate) = (coalescer.clone(), begun.clone(), gate.clone());
        tokio::spawn(async move {
            let write = move |batch: Vec<u32>| {
                let (begun, gate) = (begun.clone(), gate.clone());
                async move {
                    begun.lock().unwrap().push(batch.len());
                    gate.acquire().await.unwrap().forget();
                    batch
                }
            };
            coalescer.submit(n, write).await
        })
    };
    let settle = || async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    };
    let mut all = vec![submit(0)];
    settle().await;
    all.extend((1..5).map(submit));
    settle().await;
    assert_eq!(*begun.lock().unwrap(), [1], "four wait for the first one");
    all.push(submit(5));
    settle().await;
    assert_eq!(*begun.lock().unwrap(), [1, 5]);
    all.push(submit(6));
    gate.add_permits(10);
    for (n, task) in all.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), u32::try_from(n).ok());
    }
    assert_eq!(*begun.lock().unwrap(), [1, 5, 1]);
}
