//! Who is here, and what of whom is shown to whom.

use crate::harness::{House, unique};
use serde_json::Value;

#[tokio::test]
async fn what_is_private_is_shown_to_oneself_and_to_those_who_manage() {
    let house = House::new().await;
    let (ana, bia, boss) = (house.user("agent").await, house.user("agent").await, house.user("manager").await);
    let (hers, boss_token) = (house.access_token(&ana.email).await, house.access_token(&boss.email).await);
    let private = ["email", "email_verified", "phone", "last_login_at"];
    let shows = |user: &Value| private.iter().filter(|name| user.get(**name).is_some()).count();

    let own = house.get(&format!("/api/users/{}", ana.user_id), &hers).await.ok().body;
    assert_eq!((shows(&own), &own["email"]), (4, &Value::from(ana.email.clone())));
    assert_eq!(house.get("/api/users/me", &hers).await.ok().body, own);
    let other = house.get(&format!("/api/users/{}", bia.user_id), &hers).await.ok().body;
    assert_eq!((shows(&other), other["roles"].clone()), (0, serde_json::json!(["agent"])));
    assert_eq!(other["units"].as_array().unwrap().len(), 1);
    assert_eq!(shows(&house.get(&format!("/api/users/{}", bia.user_id), &boss_token).await.ok().body), 4);

    let list = house.get("/api/users", &hers).await.ok().body;
    for user in list["data"].as_array().unwrap() {
        let own = user["id"] == serde_json::json!(ana.user_id);
        assert_eq!(shows(user), if own { 4 } else { 0 });
    }
    let text = list.to_string();
    assert!(!text.contains("password") && !text.contains("$2b$") && !text.contains(&bia.email));
    let managed = house.get("/api/users", &boss_token).await.ok().body;
    assert!(managed["data"].as_array().unwrap().iter().all(|user| shows(user) == 4));
}

#[tokio::test]
async fn the_list_is_filtered_and_paged_without_gaps() {
    let house = House::new().await;
    let mut people = Vec::new();
    for role in ["agent", "agent", "supervisor", "finance", "agent", "developer"] {
        people.push(house.user(role).await);
    }
    let names = ["Álvaro Lima", "ana Clara", "Bruno Ávila", "Caio", "Zélia", "Ana Clara"];
    for (person, name) in people.iter().zip(names) {
        let norm = ["alvaro lima", "ana clara", "bruno avila", "caio", "zelia", "ana clara"]
            [names.iter().position(|n| n == &name).unwrap()];
        house
            .sql(format!("update users set name = '{name}', name_norm = '{norm}' where id = '{}'", person.user_id))
            .await;
    }
    let token = house.access_token(&people[2].email).await;
    let mut seen = Vec::new();
    let mut path = "/api/users?limit=2".to_owned();
    loop {
        let page = house.get(&path, &token).await.ok();
        seen.extend(page.body["data"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        assert!(page.header("link").contains("rel=\"next\""));
        path = format!("/api/users?limit=2&cursor={cursor}");
    }
    assert_eq!(seen.len(), 6);
    assert_eq!((seen[0].as_str(), seen[3].as_str(), seen[5].as_str()), ("Álvaro Lima", "Bruno Ávila", "Zélia"));

    let found = async |query: &str| {
        house.get(&format!("/api/users?{query}"), &token).await.ok().body["data"].as_array().unwrap().len()
    };
    assert_eq!(found("role=agent").await, 3);
    assert_eq!((found("q=an").await, found("role=AGENT&q=an").await), (2, 1));
    assert_eq!(found("q=av").await, 1, "a later part of the name, without its accent");
    assert_eq!(found("q=%C3%81LV").await, 1);
    assert_eq!(found("q=%25").await, 0, "no wildcards");
    assert_eq!(found("status=suspended").await, 0);
    let unit = house.get("/api/units", &token).await.ok().body["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(found(&format!("unit_id={unit}")).await, 6);
    house.sql(format!("update memberships set status = 'removed' where id = '{}'", people[0].membership_id)).await;
    assert_eq!((found("").await, found("status=removed").await), (5, 1));

    for bad in ["status=root", "sort=email", "limit=0", "limit=101", "unit_id=x", "q=a&q=b"] {
        assert_eq!(house.get(&format!("/api/users?{bad}"), &token).await.status, 400, "{bad}");
    }
    let cursor = house.get("/api/users?limit=1", &token).await.ok().text("next_cursor");
    house.get(&format!("/api/users?role=agent&cursor={cursor}"), &token).await.is(400, "CURSOR_INVALID");
    house.get("/api/users?cursor=abc", &token).await.is(400, "CURSOR_INVALID");
}

#[tokio::test]
async fn another_organizations_people_are_not_there() {
    let house = House::new().await;
    let other = house.other_organization("Outra").await;
    let boss = house.user("admin").await;
    let foreign = house.member(&other, &format!("{}@outra.example", unique("f")), "agent").await;
    let removed = house.user("agent").await;
    house.sql(format!("update memberships set status = 'removed' where id = '{}'", removed.membership_id)).await;
    let token = house.access_token(&boss.email).await;
    let random: uuid::Uuid = kernel::Ids::system().random();
    let mut bodies = Vec::new();
    for id in [foreign.user_id.to_string(), removed.user_id.to_string(), random.to_string(), "not-an-id".to_owned()] {
        let mut body = house.get(&format!("/api/users/{id}"), &token).await.is(404, "NOT_FOUND").body;
        for own in ["instance", "request_id"] {
            body.as_object_mut().unwrap().remove(own);
        }
        bodies.push(body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
    let list = house.get("/api/users", &token).await.ok().body.to_string();
    assert!(!list.contains(&foreign.user_id.to_string()));
    // A unit of another organization filters everybody away, like an unknown one.
    let theirs = house.access_token(&foreign.email).await;
    let unit = house.get("/api/units", &theirs).await.ok().body["data"][0]["id"].as_str().unwrap().to_owned();
    let filtered = house.get(&format!("/api/users?unit_id={unit}"), &token).await.ok().body;
    assert_eq!(filtered["data"], serde_json::json!([]));
    // A cursor of theirs is none of ours.
    house.member(&other, &format!("{}@outra.example", unique("g")), "agent").await;
    let cursor = house.get("/api/users?limit=1", &theirs).await.ok().text("next_cursor");
    house.get(&format!("/api/users?limit=1&cursor={cursor}"), &token).await.is(400, "CURSOR_INVALID");
}

#[tokio::test]
async fn people_without_the_permission_see_themselves_only() {
    let house = House::new().await;
    let (dev, ana) = (house.user("developer").await, house.user("agent").await);
    let token = house.access_token(&dev.email).await;
    house.get("/api/users/me", &token).await.ok();
    house.get(&format!("/api/users/{}", dev.user_id), &token).await.ok();
    house.get("/api/users", &token).await.is(403, "PERMISSION_DENIED");
    let foreign = house.get(&format!("/api/users/{}", ana.user_id), &token).await;
    assert!(matches!(foreign.status.as_u16(), 403 | 404));
}

#[tokio::test]
async fn everybody_sees_the_active_units() {
    let house = House::new().await;
    let dev = house.user("developer").await;
    let token = house.access_token(&dev.email).await;
    let units = house.get("/api/units", &token).await.ok().body;
    let names: Vec<_> = units["data"].as_array().unwrap().iter().map(|unit| unit["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Suporte", "Comercial"]);
    assert_eq!(
        (units["data"][0]["is_fallback"].as_bool(), units["data"][0]["kind"].as_str()),
        (Some(true), Some("queue"))
    );
    let page = house.get("/api/units?limit=1", &token).await.ok();
    let next = house.get(&format!("/api/units?limit=1&cursor={}", page.text("next_cursor")), &token).await.ok().body;
    assert_eq!((next["data"][0]["name"].as_str(), &next["next_cursor"]), (Some("Comercial"), &Value::Null));
    house
        .sql(format!(
            "update units set status = 'archived' where organization_id = '{}' and not is_fallback",
            house.organization.id
        ))
        .await;
    assert_eq!(house.get("/api/units", &token).await.ok().body["data"].as_array().unwrap().len(), 1);
}
