//! Acceptance check 25, and that the product's own role cannot tamper at all.

use crate::house::House;
use audit::{Span, Verdict};
use chrono::Duration;
use serde_json::json;
use sqlx::{ConnectOptions as _, Executor as _};

async fn house_with_entries(n: usize) -> House {
    let house = House::new().await;
    for place in 0..n {
        house.happen("role.updated", json!({ "n": place })).await;
    }
    house.listen().await;
    house
}

async fn verify(house: &House) -> Verdict {
    house.audit.verify(house.organization.id, &Span::default()).await.unwrap()
}

/// Does something to the rows as only the owner of the machine can, and tells what verification says.
async fn after(statement: &str) -> (i64, Verdict) {
    let house = house_with_entries(12).await;
    let middle = house.count("select max(seq) - 5 from audit_entries").await;
    assert!(verify(&house).await.valid);
    house.sql(&statement.replace("$MIDDLE", &middle.to_string())).await;
    (middle, verify(&house).await)
}

#[tokio::test]
async fn check_25_a_flipped_byte_is_named() {
    let (middle, verdict) =
        after("update audit_entries set details = replace(details::text, '\"n\"', '\"m\"')::json where seq = $MIDDLE")
            .await;
    assert_eq!((verdict.valid, verdict.broken_at), (false, Some(middle)), "{verdict:?}");
}

#[tokio::test]
async fn check_25_a_removed_row_is_named() {
    let (middle, verdict) = after("delete from audit_entries where seq = $MIDDLE").await;
    assert_eq!((verdict.valid, verdict.broken_at), (false, Some(middle)), "{verdict:?}");
    assert_eq!(verdict.problem.as_deref(), Some(&*format!("entry {middle} is missing")));
}

#[tokio::test]
async fn check_25_swapped_rows_are_named() {
    let (middle, verdict) = after(
        "update audit_entries set seq = -1 where seq = $MIDDLE; update audit_entries set seq = $MIDDLE where seq = $MIDDLE + 1;
         update audit_entries set seq = $MIDDLE + 1 where seq = -1",
    )
    .await;
    assert_eq!((verdict.valid, verdict.broken_at), (false, Some(middle)), "{verdict:?}");
}

#[tokio::test]
async fn check_25_a_redated_row_is_named() {
    let (middle, verdict) = after("update audit_entries set at = at - interval '1 second' where seq = $MIDDLE").await;
    assert_eq!((verdict.valid, verdict.broken_at), (false, Some(middle)), "{verdict:?}");
}

#[tokio::test]
async fn check_25_a_cut_tail_shows_against_a_head_only() {
    let house = house_with_entries(5).await;
    let head = house.audit.head(house.organization.id).await.unwrap();
    house.sql("delete from audit_entries where seq > (select max(seq) - 2 from audit_entries)").await;
    assert!(verify(&house).await.valid, "without a head nothing shows");
    let span = Span { head: Some(head.clone()), ..Span::default() };
    let verdict = house.audit.verify(house.organization.id, &span).await.unwrap();
    assert_eq!((verdict.valid, verdict.broken_at), (false, Some(head.head.seq - 1)), "{verdict:?}");
    let mut forged = head;
    forged.head.seq -= 2;
    let span = Span { head: Some(forged), ..Span::default() };
    assert!(
        !house.audit.verify(house.organization.id, &span).await.unwrap().valid,
        "a head that nobody signed is refused"
    );
}

#[tokio::test]
async fn check_25_pruned_and_erased_it_still_holds() {
    let house = House::new().await;
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    for _ in 0..1_100 {
        house.happen("role.updated", json!({})).await;
    }
    house.listen().await;
    let before = house.count("select count(*) from audit_entries").await;
    assert_eq!(house.audit.prune(&house.ctx()).await.unwrap(), 0, "nothing is old enough");
    house.clock.advance(Duration::days(800));
    assert_eq!(house.audit.prune(&house.ctx()).await.unwrap(), 1_000, "a whole segment goes");
    house.listen().await;
    let verdict = verify(&house).await;
    assert!(verdict.valid, "{verdict:?}");
    assert_eq!(verdict.first_seq, 1_001);
    assert_eq!(house.count("select count(*) from audit_entries").await, before - 1_000 + 1, "pruning is a fact itself");
    drop(token);
}

#[tokio::test]
async fn a_legal_hold_stops_retention_of_the_organization_and_of_the_platforms_chain() {
    let house = House::new().await;
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    let other = house.another_organization().await;
    let rui = house.member(&house.organization, "rui@clinica.example", "agent").await;
    for _ in 0..1_100 {
        house.happen("role.updated", json!({})).await;
    }
    house.listen().await;
    let hold = format!("/api/users/{}/hold", rui.user_id);
    let (status, body) =
        house.send(http::Method::PUT, &hold, Some(&token), Some(&json!({ "reason": "processo 17" }))).await;
    assert_eq!(status, http::StatusCode::NO_CONTENT, "{body}");
    house.clock.advance(Duration::days(800));
    assert_eq!(house.audit.prune(&house.ctx()).await.unwrap(), 0, "it is held");
    // Not even whoever calls the function itself gets past it, and the platform's chain is held as well.
    for chain in [house.organization.id.0, uuid::Uuid::nil()] {
        let call = format!("select audit_prune('{chain}', 1000, '', now())");
        assert_eq!(house.count(&call).await, 0, "{chain}");
    }
    let elsewhere = format!("select audit_prune('{}', 1, '', now())", other.id);
    assert_eq!(house.count(&elsewhere).await, 1, "another organization's is not");
    let token = house.token("ana@clinica.example").await;
    let (status, body) = house.send(http::Method::DELETE, &hold, Some(&token), None).await;
    assert_eq!(status, http::StatusCode::NO_CONTENT, "{body}");
    assert_eq!(house.audit.prune(&house.ctx()).await.unwrap(), 1_000, "it was lifted");
    house.listen().await;
    assert!(verify(&house).await.valid);
}

#[tokio::test]
async fn forgetting_a_person_destroys_values_and_leaves_the_chain() {
    let house = House::new().await;
    house.token("ana@clinica.example").await;
    house.listen().await;
    let own = format!("select count(*) from audit_values where person_id = '{}'", house.admin.user_id);
    assert!(house.count(&own).await > 0, "a sign-in leaves address and device");
    house.happen("user.erased", json!({ "user_id": house.admin.user_id })).await;
    house.listen().await;
    assert_eq!(house.count(&own).await, 0);
    assert!(verify(&house).await.valid);
}

#[tokio::test]
async fn the_products_role_can_only_add() {
    let house = house_with_entries(3).await;
    let mut app = house.database.app.connect().await.unwrap();
    app.execute(sqlx::AssertSqlSafe(format!("set app.organization_id = '{}'", house.organization.id))).await.unwrap();
    for statement in [
        "update audit_entries set action = 'x'",
        "delete from audit_entries",
        "update audit_values set value_sealed = ''",
        "delete from audit_values",
        "update audit_heads set seq = 1",
        "delete from audit_heads",
        "insert into audit_checkpoints (organization_id, seq, hash, last_at, signature, created_at) values (gen_random_uuid(), 1, '', now(), '', now())",
        "select audit_prune(gen_random_uuid(), 1, '', now())",
        "select audit_forget(gen_random_uuid(), gen_random_uuid())",
    ] {
        let refused = app.execute(statement).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{statement}: {refused}");
    }
}
