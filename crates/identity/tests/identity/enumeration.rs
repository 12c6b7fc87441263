//! Who has a login is told by nothing: the answers are alike, and so is the work behind them, statement by statement and
//! hash by hash. Their times follow; that is measured for sign-in, where the hash is the time.

use crate::harness::{Answer, House, PASSWORD, quick, unique};
use crate::work::{Done, Work};
use chrono::Duration;
use http::Method;
use identity::Settings;
use serde_json::{Value, json};
use std::time::Instant;

const WRONG: &str = "not-the-password";

fn email(prefix: &str) -> String {
    format!("{}@clinica.example", unique(prefix))
}

/// Status, body and names of the headers; what differs from request to request left out.
fn told(answer: &Answer) -> (u16, Value, Vec<String>) {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (answer.status.as_u16(), body, names)
}

/// Asks once for nothing, so that connections and prepared statements are there, and then for each; all must be told the
/// same and cost the same.
async fn alike(house: &House, work: &Work, path: &str, hashes: usize, bodies: &[Value]) -> Done {
    let mut first = None;
    for body in bodies.iter().take(2) {
        house.post(path, body).await;
        settled(work, hashes).await;
    }
    for body in bodies {
        // Failures of the rounds before are forgotten.
        house.advance(Duration::hours(1));
        work.done();
        let answer = house.post(path, body).await;
        let seen = (told(&answer), settled(work, hashes).await);
        let first = first.get_or_insert_with(|| seen.clone());
        assert_eq!(seen, *first, "{path} {body}");
    }
    first.unwrap().1
}

/// What was done, once so many hashes are: they are counted right behind the answer, by a thread of their own.
async fn settled(work: &Work, hashes: usize) -> Done {
    let deadline = Instant::now() + std::time::Duration::from_secs(10);
    while work.hashes() < hashes {
        assert!(Instant::now() < deadline, "{hashes} hashes did not come");
        tokio::task::yield_now().await;
    }
    work.done()
}

#[tokio::test]
async fn check_06_unknown_e_mail_and_wrong_password_cost_the_same_statements_and_the_same_hash() {
    let house = House::alone().await;
    let work = Work::counted();
    let (ana, without, disabled) = (house.user("agent").await, house.user("agent").await, house.user("agent").await);
    house.sql(format!("update users set password_hash = null where id = '{}'", without.user_id)).await;
    house.sql(format!("update users set status = 'disabled' where id = '{}'", disabled.user_id)).await;
    let unproven = house.user("agent").await;
    house.sql(format!("update users set email_verified_at = null where id = '{}'", unproven.user_id)).await;
    let body = |email: &str, password: &str| json!({ "email": email, "password": password });
    let done = alike(
        &house,
        &work,
        "/api/auth/login",
        1,
        &[
            body(&ana.email, WRONG),
            body(&email("nobody"), WRONG),
            body(&without.email, WRONG),
            body(&disabled.email, WRONG),
            body(&unproven.email, WRONG),
            body("no e-mail at all", WRONG),
            body(&ana.email, ""),
            body(&ana.email, &"x".repeat(500)),
        ],
    )
    .await;
    assert!(done.statements.len() >= 3, "statements are counted: {done:?}");
    // The counting itself can tell: a sign-in that succeeds costs more.
    work.done();
    house.login(&ana.email).await;
    assert!(settled(&work, 1).await.statements.len() > done.statements.len());
}

#[tokio::test]
async fn asking_for_links_costs_the_same_for_everybody() {
    let house = House::alone().await;
    let work = Work::counted();
    let (ana, disabled) = (house.user("agent").await, house.user("agent").await);
    house.sql(format!("update users set status = 'disabled' where id = '{}'", disabled.user_id)).await;
    for path in ["/api/auth/magic-link", "/api/auth/password/forgot", "/api/auth/verify-email/resend"] {
        let bodies =
            [&ana.email, &disabled.email, &email("nobody"), "no address"].map(|email| json!({ "email": email }));
        let done = alike(&house, &work, path, 0, &bodies).await;
        assert!(!done.statements.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn registering_tells_nobody_who_is_there_where_accounts_are_concealed() {
    let house = House::alone().await;
    house.set(&json!({ "registration.mode": "open" })).await;
    let house = house.with_settings(Settings { conceal_accounts: true, ..quick() });
    let work = Work::counted();
    let ana = house.user("agent").await;
    let elsewhere = house.other_organization("Outra").await;
    let known = house.member(&elsewhere, &email("conhecida"), "agent").await;
    let body = |email: &str| json!({ "name": "Bia", "email": email, "password": PASSWORD, "organization": house.organization.slug });
    let fresh = email("nova");
    let bodies = [body(&ana.email), body(&known.email), body(&fresh), body(&email("outra"))];
    let done = alike(&house, &work, "/api/users", 1, &bodies).await;
    assert!(done.statements.len() >= 3);
    // What comes of it comes by mail, to the owner of the address alone.
    let letters = house.work().await;
    let to = |email: &str| -> Vec<&str> {
        letters.iter().filter(|letter| letter.to == email).map(|letter| letter.template.name()).collect()
    };
    for known in [&ana.email, &known.email] {
        assert!(!to(known).is_empty() && to(known).iter().all(|name| *name == "already_registered"), "{:?}", to(known));
    }
    assert_eq!(to(&fresh), ["verify_email"]);
}

#[tokio::test]
async fn check_12_adding_somebody_costs_the_same_statements_whether_or_not_he_has_a_login_elsewhere() {
    let house = House::alone().await;
    let work = Work::counted();
    let other = house.other_organization("Laboratório Central").await;
    let boss = house.user("admin").await;
    let token = house.access_token(&boss.email).await;
    let mut costs = Vec::new();
    // The first round makes connections and prepares statements; and once a second the session and the keys are read
    // again, by whichever request comes first. A real difference comes in every round.
    for round in 0..8 {
        costs.clear();
        let known = email("conhecida");
        house.member(&other, &known, "agent").await;
        for email in [known, email("desconhecida")] {
            work.done();
            let body = json!({ "name": "Nome Digitado", "email": email, "roles": ["agent"] });
            let made = house.call(Method::POST, "/api/users", &token, Some(&body)).await;
            assert_eq!(made.status, 201, "{}", made.body);
            costs.push(work.done());
        }
        if round > 0 && costs[0] == costs[1] {
            assert!(costs[0].statements.len() > 5);
            return;
        }
    }
    panic!("{costs:#?}");
}

#[tokio::test]
async fn check_06_the_times_of_unknown_e_mail_and_wrong_password_differ_by_less_than_five_percent() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let nobody = email("nobody");
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    // In processor time, which others on this machine do not count into, in turns, and as often as it takes for the
    // medians to settle: they do, because the work is the same (see the counts above); a difference would not go away.
    for round in 0..40 {
        house.advance(Duration::hours(1));
        for second in [false, true] {
            let of_ana = (round % 2 == 0) == second;
            let started = cpu_nanos();
            let answer = house.try_login(if of_ana { &ana.email } else { &nobody }, WRONG).await;
            answer.is(401, "AUTH_CREDENTIALS_INVALID");
            let took = cpu_nanos() - started;
            if of_ana { wrong.push(took) } else { unknown.push(took) }
        }
        if round >= 8 && apart(&wrong, &unknown) < 0.05 {
            return;
        }
    }
    panic!("the medians differ by {:.1} %", apart(&wrong, &unknown) * 100.0);
}

fn apart(one: &[u64], other: &[u64]) -> f64 {
    let median = |times: &[u64]| {
        let mut times = times.to_vec();
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (one, other) = (median(one), median(other));
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let share = one.abs_diff(other) as f64 / one.min(other) as f64;
    share
}

/// Nanoseconds of processor time that the threads of this process took (each test is a process of its own).
fn cpu_nanos() -> u64 {
    let of = |task: std::fs::DirEntry| -> Option<u64> {
        std::fs::read_to_string(task.path().join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()
    };
    std::fs::read_dir("/proc/self/task").unwrap().filter_map(|task| of(task.ok()?)).sum()
}
