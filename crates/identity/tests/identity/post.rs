//! Letters that were posted, the jobs that post them, and requests of somebody who is signed in.

use crate::harness::{Answer, House, no_limits, quick, sealer};
use http::Method;
use http_kit::{Class, Limits};
use kernel::Ids;
use mail::Letter;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use store::jobs::{JobKind, JobOutcome, SealedPayload, WorkerLimits, Workers};

impl House {
    /// Runs this domain's jobs until none is due, and answers the letters that were posted, in order. For houses in a
    /// database of their own: in a shared one the letters of other tests would be taken too.
    pub async fn work(&self) -> Vec<Letter> {
        let letters: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let inbox = letters.clone();
        let mut kinds = identity::module(self.identity.clone()).job_kinds;
        kinds.push(JobKind::new(mail::SEND, move |run| {
            let inbox = inbox.clone();
            async move {
                let payload: SealedPayload = run.parse()?;
                inbox.lock().unwrap().push(payload.open(&sealer(), run.organization_id)?);
                Ok(JobOutcome::Done)
            }
        }));
        // Channels works on what was kept; here nothing was.
        kinds.push(JobKind::new(identity::organizations::RESUMED, |_| async { Ok(JobOutcome::Done) }));
        let workers = Workers::new(self.db.clone(), self.clock.clone(), Ids::system(), kinds, WorkerLimits::default());
        let drained = workers.drain().await.unwrap();
        assert!(drained.failed.is_empty(), "{:?}", drained.failed);
        std::mem::take(&mut letters.lock().unwrap())
    }

    /// Asks for a link by mail and answers the token in the letter.
    pub async fn ask_link(&self, path: &str, email: &str) -> String {
        let answer = self.post(path, &json!({ "email": email })).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let letters = self.work().await;
        let newest = letters.iter().rev().find(|letter| letter.data["link"].is_string());
        token_of(newest.unwrap_or_else(|| panic!("no link in {letters:?}")))
    }

    pub async fn call(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        self.send(method, path, &[("authorization", &format!("Bearer {token}"))], body).await
    }

    /// Sets settings of the first organization, past the route.
    pub async fn set(&self, settings: &Value) {
        let id = self.organization.id;
        self.sql(format!(
            "insert into organization_settings (organization_id, given, updated_at) values ('{id}', '{settings}', now())
             on conflict (organization_id) do update set given = organization_settings.given || excluded.given"
        ))
        .await;
    }
}

/// What stands behind the `#` of a letter's link.
pub fn token_of(letter: &Letter) -> String {
    letter.data["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
}

/// A house whose limits are those of the document for these classes, and none for others.
pub async fn limited(classes: &[Class]) -> House {
    House::with(quick(), document(classes)).await
}

/// The same in a database of its own.
pub async fn limited_alone(classes: &[Class]) -> House {
    House::alone().await.with_limits(document(classes))
}

fn document(classes: &[Class]) -> Limits {
    let (document, mut limits) = (Limits::default(), no_limits());
    for class in classes {
        limits.copy(&document, *class);
    }
    limits
}
