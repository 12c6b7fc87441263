//! Rights are those of this moment, whatever the token says.

use crate::harness::House;
use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

async fn units_of(house: &House, token: &str) -> Value {
    house.validate(token).await.ok().body["scopes"][0]["unit_ids"].clone()
}

#[tokio::test]
async fn a_role_that_was_removed_counts_no_more_though_the_token_is_good() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    house.get("/api/users", &token).await.ok();
    house.sql(format!("delete from role_assignments where membership_id = '{}'", ana.membership_id)).await;
    house.identity.rights_changed();
    let refused = house.get("/api/users", &token).await.is(403, "PERMISSION_DENIED");
    assert_eq!(refused.body["required"], "users.view");
    assert_eq!(house.validate(&token).await.ok().body["permissions"], json!([]));
}

#[tokio::test]
async fn a_change_by_another_process_counts_within_two_seconds() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    house.get("/api/users", &token).await.ok();
    house.sql(format!("update memberships set status = 'suspended' where id = '{}'", ana.membership_id)).await;
    let since = std::time::Instant::now();
    while house.get("/api/users", &token).await.status == 200 {
        assert!(since.elapsed() < std::time::Duration::from_secs(2), "still let in");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    house.get("/api/users", &token).await.is(403, "MEMBERSHIP_INACTIVE");
}

#[tokio::test]
async fn a_dated_assignment_counts_from_its_start_to_before_its_end() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    let (from, to) = (house.clock.now() + Duration::minutes(2), house.clock.now() + Duration::minutes(4));
    house
        .sql(format!(
            "update role_assignments set effective_from = '{}', effective_to = '{}' where membership_id = '{}'",
            from.to_rfc3339(),
            to.to_rfc3339(),
            ana.membership_id
        ))
        .await;
    house.identity.rights_changed();
    for (at, status) in
        [(from - Duration::milliseconds(1), 403), (from, 200), (to - Duration::milliseconds(1), 200), (to, 403)]
    {
        house.clock.set(at);
        assert_eq!(house.get("/api/users", &token).await.status, status, "{at}");
    }
}

#[tokio::test]
async fn leaders_see_the_units_below_theirs_and_members_do_not() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    assert_eq!(units_of(&house, &token).await.as_array().unwrap().len(), 1);
    // A child and a grandchild of the fallback unit.
    let organization = house.organization.id;
    for (slug, parent) in [("child", "suporte"), ("grandchild", "child")] {
        house
            .sql(format!(
                "insert into units (id, organization_id, parent_id, name, slug, kind, created_at, updated_at)
                 select gen_random_uuid(), organization_id, id, '{slug}', '{slug}', 'squad', now(), now() from units
                 where organization_id = '{organization}' and slug = '{parent}'"
            ))
            .await;
    }
    house.identity.rights_changed();
    assert_eq!(units_of(&house, &token).await.as_array().unwrap().len(), 1, "a plain member");
    house.sql(format!("update unit_members set role = 'leader' where membership_id = '{}'", ana.membership_id)).await;
    house.identity.rights_changed();
    assert_eq!(units_of(&house, &token).await.as_array().unwrap().len(), 3, "a leader");

    // The scope `unit` covers the tree below whoever one is.
    let bia = house.user("user").await;
    house
        .sql(format!(
            "insert into role_assignments (id, organization_id, membership_id, role_id, scope_type, scope_id, created_at)
             select gen_random_uuid(), r.organization_id, '{}', r.id, 'unit', u.id, now() from roles r, units u
             where r.organization_id = '{organization}' and r.name = 'agent'
               and u.organization_id = '{organization}' and u.slug = 'child'",
            bia.membership_id
        ))
        .await;
    let hers = house.validate(&house.access_token(&bia.email).await).await.ok();
    let units = hers.body["scopes"].as_array().unwrap().iter().find(|scope| scope["kind"] == "units").unwrap();
    assert_eq!(units["unit_ids"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_suspended_organization_is_read_only_or_shut() {
    let house = House::new().await;
    let ana = house.user("admin").await;
    let token = house.access_token(&ana.email).await;
    let suspend = async |mode: &str| {
        let id = house.organization.id;
        house
            .sql(format!("update organizations set status = 'suspended', suspension_mode = '{mode}' where id = '{id}'"))
            .await;
        house.identity.rights_changed();
    };
    suspend("read_only").await;
    house.get("/api/users", &token).await.ok();
    suspend("blocked").await;
    house.get("/api/users", &token).await.is(403, "ORGANIZATION_SUSPENDED");
}

#[tokio::test]
async fn a_header_that_names_another_organization_is_refused() {
    let house = House::new().await;
    let other = house.other_organization("Outra").await;
    let ana = house.user("agent").await;
    let bearer = format!("Bearer {}", house.access_token(&ana.email).await);
    let ask = async |named: &str| {
        let headers = [("authorization", bearer.as_str()), ("x-organization-id", named)];
        house.send(Method::GET, "/api/users/me", &headers, None).await
    };
    for own in [house.organization.slug.clone(), house.organization.id.to_string()] {
        ask(&own).await.ok();
    }
    for foreign in [other.slug.clone(), other.id.to_string(), "no-such".to_owned(), String::new()] {
        ask(&foreign).await.is(403, "ORGANIZATION_ACCESS_DENIED");
    }
}

#[tokio::test]
async fn use_is_noted_once_a_minute_and_looking_does_not_count() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    let used = async || {
        let statement = format!(
            "select extract(epoch from last_used_at - created_at)::bigint from sessions where user_id = '{}'",
            ana.user_id
        );
        house.count(statement).await
    };
    house.advance(Duration::minutes(5));
    house.validate(&token).await.ok();
    assert_eq!(used().await, 0);
    // What was loaded for the look is not asked again for a moment; another node has not looked.
    house.another_node().get("/api/users/me", &token).await.ok();
    assert_eq!(used().await, 300);
    house.advance(Duration::seconds(59));
    house.another_node().get("/api/users/me", &token).await.ok();
    assert_eq!(used().await, 300);
}

#[tokio::test]
async fn live_connections_ask_again_with_their_subject() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    let subject = house.identity.subject_of_token(&token, None).await.unwrap();
    assert!(!house.identity.refreshed(&subject).await.unwrap().grants.is_empty());
    house.sql(format!("delete from role_assignments where membership_id = '{}'", ana.membership_id)).await;
    house.identity.rights_changed();
    assert!(house.identity.refreshed(&subject).await.unwrap().grants.is_empty());
    house.advance(Duration::minutes(15));
    assert_eq!(house.identity.refreshed(&subject).await.unwrap_err().code(), "AUTH_TOKEN_EXPIRED");
}
