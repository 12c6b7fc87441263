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
