//! What becomes an entry, who sees it, and the filters.

use crate::house::{House, minutes};
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn check_26_a_failed_login_is_in_the_audit() {
    let house = House::new().await;
    let body = json!({ "email": "ana@clinica.example", "password": "errada-mesmo", "organization": "clinica" });
    let (status, _) = house.send(Method::POST, "/api/auth/login", None, Some(&body)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    let (status, page) = house.get("/api/audit/logs?action=auth.login_failed", &token).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "{page}");
    let entry = &page["data"][0];
    assert_eq!((&entry["category"], &entry["result"]), (&json!("auth"), &json!("failed")));
    assert_eq!((&entry["ip"], &entry["user_agent"]), (&json!("127.0.0.1"), &json!("teste/1.0")), "{entry}");
    assert!(!page.to_string().contains("errada-mesmo"));
}

#[tokio::test]
async fn check_26_reading_twenty_times_in_ten_minutes_makes_one_entry() {
    let house = House::new().await;
    let token = house.token("ana@clinica.example").await;
    let subject = house.identity.subject_of_token(&token, None).await.unwrap();
    let ctx = kernel::Ctx::new(subject, house.clock.clone(), kernel::Ids::system(), "leitura".into());
    let card = uuid::Uuid::from_u128(5);
    let noted = "select count(*) from events where kind = 'privacy.data_read'";
    for _ in 0..20 {
        house.audit.note_read(&ctx, "contact", card);
        house.clock.advance(chrono::Duration::seconds(20));
    }
    wait_until(&house, noted, 1).await;
    // Another process knows nothing of what this one noted: its fact comes too, and makes no entry.
    house.happen_read(&ctx, card).await;
    house.listen().await;
    let entries = "select count(*) from audit_entries where action = 'privacy.data_read'";
    assert_eq!(house.count(entries).await, 1);
    house.clock.advance(minutes(10));
    house.audit.note_read(&ctx, "contact", card);
    wait_until(&house, noted, 3).await;
    house.listen().await;
    assert_eq!(house.count(entries).await, 2, "after ten minutes it counts again");
}

/// Waits for what a task of its own writes.
async fn wait_until(house: &House, statement: &str, wanted: i64) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while house.count(statement).await < wanted {
        assert!(std::time::Instant::now() < deadline, "{statement} stays below {wanted}");
        tokio::task::yield_now().await;
    }
}

impl House {
    async fn happen_read(&self, ctx: &kernel::Ctx, id: uuid::Uuid) {
        let mut tx = self.db.tenant(self.organization.id).await.unwrap();
        tx.append(
            ctx,
            kernel::NewEvent {
                kind: "privacy.data_read",
                version: 1,
                stream: kernel::StreamRef { kind: "contact".into(), id, seq: None },
                actor: ctx.actor(),
                audience: kernel::Audience::default(),
                data: json!({}),
            },
        );
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn entries_are_listed_filtered_and_paged() {
    let house = House::new().await;
    for n in 0..7 {
        house.happen("role.updated", json!({ "n": n })).await;
    }
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    let (_, first) = house.get("/api/audit/logs?action=role.updated&limit=4", &token).await;
    let seqs = |page: &serde_json::Value| -> Vec<i64> {
        page["data"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()).collect()
    };
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = house.get(&format!("/api/audit/logs?action=role.updated&limit=4&cursor={cursor}"), &token).await;
    let all = [seqs(&first), seqs(&second)].concat();
    assert_eq!(all.len(), 7);
    assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "newest first: {all:?}");
    let (status, problem) = house.get(&format!("/api/audit/logs?limit=4&cursor={cursor}"), &token).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("CURSOR_INVALID")));
    for (filter, found) in [
        ("category=config", true),
        ("category=billing", false),
        ("result=success&category=auth", true),
        ("ip=127.0.0.1", true),
        ("ip=10.9.9.9", false),
        ("from=2027-01-01T00:00:00Z", false),
        ("to=2027-01-01T00:00:00Z", true),
    ] {
        let (status, page) = house.get(&format!("/api/audit/logs?{filter}"), &token).await;
        assert_eq!(status, StatusCode::OK, "{filter}: {page}");
        assert_eq!(!page["data"].as_array().unwrap().is_empty(), found, "{filter}");
    }
    let id = first["data"][0]["id"].as_str().unwrap();
    let (status, entry) = house.get(&format!("/api/audit/logs/{id}"), &token).await;
    assert_eq!((status, &entry["seq"]), (StatusCode::OK, &first["data"][0]["seq"]));
}

#[tokio::test]
async fn strangers_and_those_without_the_right_see_nothing() {
    let house = House::new().await;
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    let (_, page) = house.get("/api/audit/logs", &token).await;
    let id = page["data"][0]["id"].as_str().unwrap().to_owned();
    house.member(&house.organization, "rui@clinica.example", "agent").await;
    let agent = house.token("rui@clinica.example").await;
    let (status, problem) = house.get("/api/audit/logs", &agent).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("PERMISSION_DENIED")));
    let other = house.another_organization().await;
    house.member(&other, "eva@outra.example", "admin").await;
    let stranger = house.token("eva@outra.example").await;
    let (status, _) = house.get(&format!("/api/audit/logs/{id}"), &stranger).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, theirs) = house.get("/api/audit/logs?limit=100", &stranger).await;
    assert!(!theirs.to_string().contains(&id));
}

#[tokio::test]
async fn an_event_heard_twice_makes_one_entry_and_leaves_no_origin_behind() {
    let house = House::new().await;
    house.token("ana@clinica.example").await;
    house.listen().await;
    let entries = house.count("select count(*) from audit_entries").await;
    house.sql("update reader_cursors set txid = 0, event = 0").await;
    house.listen().await;
    assert_eq!(house.count("select count(*) from audit_entries").await, entries);
    assert_eq!(house.count("select count(*) from event_origins").await, 0);
    assert_eq!(house.count("select count(*) from audit_entries where action like 'message.%'").await, 0);
}
