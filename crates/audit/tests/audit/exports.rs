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
    let text = String::from_utf8(file).unwrap();
    assert!(!problem_of(&text.replacen("=cmd()", "=abc()", 1)).is_empty());
    let lines: Vec<&str> = text.lines().collect();
    let (_, without_manifest) = lines.split_last().unwrap();
    assert!(problem_of(&without_manifest.join("\n")).contains("manifest is missing"));
    // A cut tail shows without any head: the manifest counts.
    let cut = [&lines[..lines.len() - 2], &lines[lines.len() - 1..]].concat().join("\n");
    assert!(problem_of(&cut).contains("the manifest is of"), "{}", problem_of(&cut));
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

fn problem_of(export: &str) -> String {
    audit::check_export(export.as_bytes()).unwrap().problem.unwrap_or_default()
}

#[tokio::test]
async fn a_filtered_export_can_be_checked_for_what_it_claims() {
    let house = House::new().await;
    let token = house.token("ana@clinica.example").await;
    for n in 0..6 {
        house.happen(if n % 2 == 0 { "role.updated" } else { "organization.updated" }, json!({ "n": n })).await;
    }
    house.listen().await;
    let (_, export) =
        house.post("/api/audit/exports", &token, &json!({ "format": "jsonl", "category": "config" })).await;
    house.workers.drain().await.unwrap();
    let path = format!("/api/audit/exports/{}", export["id"].as_str().unwrap());
    let (_, made) = house.get(&path, &token).await;
    let (_, file) = house.send_raw(Method::GET, &format!("{path}/file"), Some(&token), None).await;
    let text = String::from_utf8(file).unwrap();
    let verdict = audit::check_export(text.as_bytes()).unwrap();
    assert!(verdict.valid && verdict.checked >= 3, "{verdict:?}");
    assert_eq!(verdict.public_key, Some(house.audit.public_keys().await.unwrap()[0].public_key.clone()));
    let manifest = &made["manifest"]["manifest"];
    assert_eq!((&manifest["filter"]["category"], &manifest["entries"]), (&json!("config"), &json!(verdict.checked)));
    assert!(manifest["left_out"].as_u64().unwrap() >= 3, "{manifest}");

    let lines: Vec<&str> = text.lines().collect();
    // One taken out, one changed, one put in that was not asked for, another filter claimed, another manifest.
    assert!(problem_of(&lines[1..].join("\n")).contains("the manifest is of"));
    assert!(problem_of(&text.replacen("\"n\":3", "\"n\":4", 1)).contains("was changed"));
    let (_, whole) = house.post("/api/audit/exports", &token, &json!({ "format": "jsonl" })).await;
    house.workers.drain().await.unwrap();
    let path = format!("/api/audit/exports/{}/file", whole["id"].as_str().unwrap());
    let (_, whole) = house.send_raw(Method::GET, &path, Some(&token), None).await;
    let whole = String::from_utf8(whole).unwrap();
    let foreign = whole.lines().find(|line| line.contains("\"access\"")).unwrap();
    let with_foreign = [vec![foreign], lines.clone()].concat().join("\n");
    assert!(problem_of(&with_foreign).contains("not of the filter"), "{}", problem_of(&with_foreign));
    let claimed = text.replace("\"category\":\"config\",\"actor_id\"", "\"category\":null,\"actor_id\"");
    assert_ne!(claimed, text);
    assert!(problem_of(&claimed).contains("manifest"), "{}", problem_of(&claimed));
    let other_end = [&lines[..lines.len() - 1], &[whole.lines().last().unwrap()]].concat().join("\n");
    assert!(!problem_of(&other_end).is_empty());
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
