//! Exports and heads: made by a job, checkable elsewhere.

use crate::house::{House, minutes};
use chrono::Duration;
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn an_export_is_made_checked_offline_and_over_after_a_day() {
    let house = House::new().await;
    house.happen("role.updated", json!({ "name": "=cmd()" })).await;
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    let (status, export) = house.post("/api/audit/exports", &token, &json!({ "format": "jsonl" })).await;
    assert_eq!((status, &export["state"]), (StatusCode::ACCEPTED, &json!("waiting")), "{export}");
    let path = format!("/api/audit/exports/{}", export["id"].as_str().unwrap());
    let (status, problem) = house.get(&format!("{path}/file"), &token).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("EXPORT_NOT_READY")));
    house.workers.drain().await.unwrap();
    let (_, made) = house.get(&path, &token).await;
    assert_eq!(made["state"], "ready", "{made}");
    let (status, file) = house.send_raw(Method::GET, &format!("{path}/file"), Some(&token), None).await;
    assert_eq!(status, StatusCode::OK);
    let verdict = audit::check_export(&file[..]).unwrap();
    assert!(verdict.valid && verdict.checked > 0, "{verdict:?}");
    let forged = String::from_utf8(file).unwrap().replacen("=cmd()", "=abc()", 1);
    assert!(!audit::check_export(forged.as_bytes()).unwrap().valid);
    assert!(audit::check_export(&b"no json"[..]).is_err());

    let other = house.member(&house.organization, "leo@clinica.example", "admin").await;
    drop(other);
    let colleague = house.token("leo@clinica.example").await;
    let (status, _) = house.get(&path, &colleague).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "an export is its asker's");

    house.clock.advance(Duration::hours(24) + minutes(1));
    let token = house.token("ana@clinica.example").await;
    let (status, problem) = house.get(&format!("{path}/file"), &token).await;
    assert_eq!((status, &problem["code"]), (StatusCode::GONE, &json!("EXPORT_EXPIRED")));
    house.listen().await;
    assert_eq!(house.count("select count(*) from audit_entries where action = 'audit.exported'").await, 1);
}

#[tokio::test]
async fn a_spreadsheet_runs_nothing_of_an_export() {
    let house = House::new().await;
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    let (_, export) = house.post("/api/audit/exports", &token, &json!({ "format": "csv" })).await;
    house.workers.drain().await.unwrap();
    let path = format!("/api/audit/exports/{}/file", export["id"].as_str().unwrap());
    let (status, file) = house.send_raw(Method::GET, &path, Some(&token), None).await;
    assert_eq!(status, StatusCode::OK);
    let text = String::from_utf8(file).unwrap();
    assert!(text.starts_with("seq,at,action,"));
    assert!(text.lines().skip(1).all(|line| line.starts_with('"')), "{text}");
}

#[tokio::test]
async fn a_head_can_be_checked_with_the_public_key_alone() {
    let house = House::new().await;
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    let (_, head) = house.get("/api/audit/head", &token).await;
    let head: audit::SignedHead = serde_json::from_value(head).unwrap();
    let again = house.audit.head(house.organization.id).await.unwrap();
    assert_eq!(head.public_key, again.public_key);
    let (status, verdict) = house.post("/api/audit/verifications", &token, &json!({ "head": head })).await;
    assert_eq!((status, &verdict["valid"]), (StatusCode::OK, &json!(true)), "{verdict}");
}
