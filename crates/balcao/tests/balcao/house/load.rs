//! Patients who write and agents who answer, without a break, over whatever happens to the server.

use super::client::{Answer, Person};
use super::dice::Dice;
use super::seconds;
use super::world::now;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testkit::graph::webhook::{self, Callback, meta_bytes};
use testkit::graph::{self, FakeGraph, Number};
use tokio::time::Instant;

/// Told to everybody who makes load.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_due(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What Meta has seen of one of its posters.
#[derive(Default)]
pub struct Posted {
    /// Texts whose webhook was answered 200.
    pub taken: Vec<String>,
    /// Attempts that were not.
    pub refused: usize,
    /// Webhooks posted once more after their 200.
    pub repeated: usize,
}

/// Who writes: one of these people each time, from one connection.
pub struct Poster {
    pub name: String,
    pub meta: Callback,
    pub graph: Arc<FakeGraph>,
    pub number: Number,
    pub patients: Vec<graph::Person>,
    pub dice: Dice,
}

impl Poster {
    /// Posts new messages until told to stop; each one until it is answered 200, as Meta does, and some of them again.
    pub async fn run(mut self, stop: Stop) -> Posted {
        let mut posted = Posted::default();
        while !stop.is_due() {
            let patient = &self.patients[self.dice.below(self.patients.len())];
            let text = format!("{} {}", self.name, posted.taken.len());
            let body = webhook::text(&self.number, patient, &self.graph.new_message_id(), now(), &text);
            let bytes = meta_bytes(&body);
            posted.refused += self.until_taken(&bytes).await;
            posted.taken.push(text);
            if self.dice.once_in(5) {
                posted.repeated += 1;
                posted.refused += self.until_taken(&bytes).await;
            }
            tokio::time::sleep(Duration::from_millis(self.dice.between(20, 140))).await;
        }
        posted
    }

    /// Posts until 200; how often it took another try.
    async fn until_taken(&self, bytes: &[u8]) -> usize {
        let end = Instant::now() + seconds(90);
        let mut refused = 0;
        loop {
            let answer = self.meta.post(bytes).await;
            match answer {
                Ok(200) => return refused,
                // Anything but "not just now" is a mistake of somebody's.
                Ok(status) => assert!([429, 503].contains(&status), "a genuine webhook was answered {status}"),
                Err(_) => {}
            }
            assert!(Instant::now() < end, "a webhook was not taken within 90 s: {answer:?}");
            refused += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What an agent knows of the replies: the message that the server named, by `client_id`, which is also the text.
#[derive(Default)]
pub struct Replied {
    pub messages: BTreeMap<String, String>,
    /// Repeats of a reply that was answered before.
    pub repeated: usize,
}

/// Who answers: in one of these conversations each time.
pub struct Agent {
    pub name: String,
    pub person: Person,
    pub conversations: Vec<String>,
    pub dice: Dice,
}

impl Agent {
    /// Replies until told to stop; each reply until the server says that it has it, and some of them again.
    pub async fn run(mut self, stop: Stop) -> Replied {
        let mut replied = Replied::default();
        while !stop.is_due() {
            let conversation = self.conversations[self.dice.below(self.conversations.len())].clone();
            let client_id = format!("{} {}", self.name, replied.messages.len());
            let id = self.reply(&conversation, &client_id).await.body["id"].as_str().unwrap().to_owned();
            if self.dice.once_in(6) {
                let again = self.reply(&conversation, &client_id).await;
                assert_eq!(again.body["id"], id.as_str(), "a repeat is answered with the stored message");
                assert!(again.status == 200 && again.replayed, "{again:?}");
                replied.repeated += 1;
            }
            replied.messages.insert(client_id, id);
            tokio::time::sleep(Duration::from_millis(self.dice.between(250, 700))).await;
        }
        replied
    }

    async fn reply(&mut self, conversation: &str, client_id: &str) -> Answer {
        loop {
            let answer = self.person.reply(conversation, client_id, client_id).await;
            match answer.status {
                200 | 201 => return answer,
                401 => self.person.login_again().await,
                _ => panic!("a reply was refused: {answer:?}"),
            }
        }
    }
}
