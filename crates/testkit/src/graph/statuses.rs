//! What follows an accepted send: statuses as webhooks, in whatever order and number the test wants.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::behaviour::Fault;
use super::webhook;
use super::{Number, Shared};

/// One status of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusStep {
    pub status: String,
    /// The code of a `failed`.
    pub code: Option<i64>,
    /// Waits so long before it is posted.
    pub after: Duration,
}

/// Which statuses follow an accepted send, in order of posting. Their timestamps rise with their rank, however they
/// are posted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusPlan {
    steps: Vec<StatusStep>,
    together: bool,
    before_answer: bool,
}

impl StatusPlan {
    /// No statuses at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// `sent`, `delivered`, `read`, `played` up to this one.
    pub fn up_to(last: &str) -> Self {
        let all = ["sent", "delivered", "read", "played"];
        let count = all.iter().position(|status| *status == last).map_or(all.len(), |index| index + 1);
        Self::of(all.iter().take(count).copied())
    }

    /// These statuses in this order.
    pub fn of<'a>(statuses: impl IntoIterator<Item = &'a str>) -> Self {
        let step = |status: &str| StatusStep { status: status.to_owned(), code: None, after: Duration::ZERO };
        Self { steps: statuses.into_iter().map(step).collect(), ..Self::default() }
    }

    /// One `failed` with this code.
    pub fn failing(code: i64) -> Self {
        let step = StatusStep { status: "failed".to_owned(), code: Some(code), after: Duration::ZERO };
        Self { steps: vec![step], ..Self::default() }
    }

    /// This plan and then the other one: `up_to("sent").then(failing(131026))`.
    pub fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self
    }

    /// Every status so many times.
    pub fn repeated(mut self, times: usize) -> Self {
        self.steps = self.steps.iter().flat_map(|step| std::iter::repeat_n(step.clone(), times)).collect();
        self
    }

    /// The last one first.
    pub fn reversed(mut self) -> Self {
        self.steps.reverse();
        self
    }

    /// In an order that depends on the seed alone.
    pub fn shuffled(mut self, seed: u64) -> Self {
        let mut random = seed;
        for last in (1..self.steps.len()).rev() {
            // Knuth's MMIX generator; its high bits are good enough to shuffle five items.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let other = usize::try_from(random >> 33).unwrap_or_default() % (last + 1);
            self.steps.swap(last, other);
        }
        self
    }

    /// Without this status.
    pub fn without(mut self, status: &str) -> Self {
        self.steps.retain(|step| step.status != status);
        self
    }

    /// Waits before each status.
    pub fn each_after(mut self, wait: Duration) -> Self {
        self.steps.iter_mut().for_each(|step| step.after = wait);
        self
    }

    /// All statuses in one request.
    pub fn in_one_body(mut self) -> Self {
        self.together = true;
        self
    }

    /// Delivered to the callback before the send is answered.
    pub fn before_the_answer(mut self) -> Self {
        self.before_answer = true;
        self
    }
}

/// Bodies to post one after the other, each after a pause.
pub(crate) type Mailing = Vec<(Duration, Value)>;

/// Puts the statuses of an accepted send under way.
pub(crate) async fn follow(shared: &Shared, number: &Number, body: &Value, contact: &Value, message_id: &str) {
    let (plan, fails) = {
        let state = shared.state();
        let fails = ["input", "wa_id", "user_id"]
            .iter()
            .find_map(|key| state.fails_later.get(contact[*key].as_str().unwrap_or_default()).copied());
        (state.statuses.clone(), fails)
    };
    let plan = match fails {
        Some(code) => StatusPlan { steps: StatusPlan::failing(code).steps, ..plan },
        None => plan,
    };
    let mailing = mailing(shared, number, body, contact, message_id, &plan);
    if plan.before_answer {
        for (wait, body) in mailing {
            tokio::time::sleep(wait).await;
            deliver(shared, &body).await;
        }
    } else {
        mail(shared, mailing);
    }
}

fn mailing(
    shared: &Shared,
    number: &Number,
    body: &Value,
    contact: &Value,
    message_id: &str,
    plan: &StatusPlan,
) -> Mailing {
    let now = shared.now().timestamp();
    let status = |step: &StatusStep| {
        let rank = ["sent", "delivered", "read", "played"].iter().position(|name| *name == step.status);
        let at = now + rank.and_then(|rank| i64::try_from(rank).ok()).unwrap_or(1);
        let mut status = json!({"id": message_id, "status": step.status, "timestamp": at.to_string()});
        if let Some(wa_id) = contact["wa_id"].as_str() {
            status["recipient_id"] = json!(wa_id);
        }
        if let Some(user_id) = contact["user_id"].as_str() {
            status["recipient_user_id"] = json!(user_id);
        }
        if let Some(tag) = body.get("biz_opaque_callback_data") {
            status["biz_opaque_callback_data"] = tag.clone();
        }
        if let Some(code) = step.code {
            status["errors"] = json!([webhook::error(&Fault::of(code))]);
        } else if step.status == "sent" || step.status == "delivered" {
            status["pricing"] = json!({"billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"});
        }
        status
    };
    if plan.together {
        let statuses: Vec<Value> = plan.steps.iter().map(status).collect();
        let wait = plan.steps.iter().map(|step| step.after).max().unwrap_or_default();
        let body = webhook::statuses(number, statuses);
        return if plan.steps.is_empty() { Vec::new() } else { vec![(wait, body)] };
    }
    plan.steps.iter().map(|step| (step.after, webhook::statuses(number, vec![status(step)]))).collect()
}

/// Hands bodies to the background; they count as undelivered until they are through or given up.
pub(crate) fn mail(shared: &Shared, mailing: Mailing) {
    let count = mailing.len();
    shared.undelivered.send_modify(|left| *left += count);
    if shared.outbox.send(mailing).is_err() {
        shared.undelivered.send_modify(|left| *left -= count);
    }
}

/// The background task: several mailings at once, each in its own order.
pub(crate) async fn deliver_all(shared: Arc<Shared>, mut mailings: mpsc::UnboundedReceiver<Mailing>) {
    let permits = Arc::new(Semaphore::new(shared.config.webhook_parallel.max(1)));
    let mut under_way = JoinSet::new();
    while let Some(mailing) = mailings.recv().await {
        while under_way.try_join_next().is_some() {}
        let (shared, permits) = (shared.clone(), permits.clone());
        under_way.spawn(async move {
            for (wait, body) in mailing {
                tokio::time::sleep(wait).await;
                let permit = permits.acquire().await;
                deliver(&shared, &body).await;
                drop(permit);
                shared.undelivered.send_modify(|left| *left -= 1);
            }
        });
    }
}

/// Posts a body until it is answered 200, as Meta does, but faster and not for seven days.
async fn deliver(shared: &Shared, body: &Value) {
    let bytes = webhook::meta_bytes(body);
    for attempt in 0..shared.config.webhook_attempts {
        let callback = shared.state().callback.clone();
        let Some(callback) = callback else { return };
        if matches!(callback.post(&bytes).await, Ok(200)) {
            shared.webhooks_posted.fetch_add(1, Ordering::SeqCst);
            return;
        }
        // 20 ms, doubling up to a second.
        tokio::time::sleep(Duration::from_millis(20u64.saturating_mul(1 << attempt.min(6)).min(1_000))).await;
    }
}
