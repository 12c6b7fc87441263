//! What a real provider says about a person, and what is believed of it.

use super::world::{Browser, World, path_of};
use crate::harness::unique;
use crate::provider::walk;
use http::Method;
use serde_json::{Value, json};

impl World {
    /// Somebody there with exactly these claims.
    async fn claiming(&self, claims: &Value) -> String {
        let subject = unique("sub");
        self.provider.person(&subject, claims).await;
        subject
    }

    /// Signs in through the organization's provider: the roles that the person has then.
    async fn roles_of(&self, own: &str, subject: &str) -> Vec<String> {
        let answer = self.sign_in(own, subject).await.ok();
        let roles = answer.body["user"]["roles"].as_array().unwrap();
        let mut roles: Vec<String> = roles.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        roles.sort_unstable();
        roles
    }

    /// Goes the whole way; neither a session nor a link comes of it.
    async fn gets_nothing(&self, own: &str, subject: &str, what: &str) {
        let mut browser = Browser::default();
        let there = self.start(&mut browser, own).await;
        let back = walk(&self.provider, &there, subject).await;
        let answer = browser.get(&self.house, &path_of(&back)).await;
        let refused = match answer.status.as_u16() {
            303 => answer.header("location").contains("#error=OIDC_NOT_LINKED"),
            400 => answer.code() == "OIDC_RESPONSE_INVALID",
            _ => false,
        };
        assert!(refused, "{what}: {answer:?}");
        let linked = format!("select count(*) from user_identities where subject = '{subject}'");
        assert_eq!(self.house.count(linked).await, 0, "{what}");
    }
}

#[tokio::test]
async fn groups_give_roles_at_every_sign_in_whatever_shape_the_claim_has() {
    let world = World::new().await;
    let own = world.own_id().await;
    let email = format!("ana@{}", world.domain);
    let with = |groups: Value| json!({ "email": email, "email_verified": true, "name": "Ana", "groups": groups });
    let subject = world.claiming(&with(json!(["recepcao", "chefia", "ninguem-conhece", 7, null]))).await;
    assert_eq!(world.roles_of(&own, &subject).await, ["agent", "supervisor", "user"]);
    for (groups, roles) in [
        (json!("chefia"), vec!["supervisor", "user"]),
        (json!(["recepcao"]), vec!["agent", "user"]),
        // Another spelling is another group; what is no list of texts is none.
        (json!(["Recepcao", " chefia"]), vec!["user"]),
        (json!(["recepcao"]), vec!["agent", "user"]),
        (json!({ "recepcao": true }), vec!["user"]),
        (json!("recepcao,chefia"), vec!["user"]),
        (json!(["chefia"]), vec!["supervisor", "user"]),
        (Value::Null, vec!["user"]),
    ] {
        world.provider.person(&subject, &with(groups.clone())).await;
        assert_eq!(world.roles_of(&own, &subject).await, roles, "{groups}");
    }
    // What a person gave is not the provider's to take.
    let token = world.admin_token().await;
    let user = world.sign_in(&own, &subject).await.ok().body["user"]["id"].as_str().unwrap().to_owned();
    let agent = crate::roles::built_in(&world.house, &token, "agent").await;
    assert_eq!(crate::roles::assign(&world.house, &token, &agent, user, json!({})).await.status, 201);
    world.provider.person(&subject, &with(json!(["recepcao", "chefia"]))).await;
    assert_eq!(world.roles_of(&own, &subject).await, ["agent", "supervisor", "user"]);
    world.provider.person(&subject, &with(json!([]))).await;
    assert_eq!(world.roles_of(&own, &subject).await, ["agent", "user"]);
}

#[tokio::test]
async fn the_claim_of_groups_is_the_one_that_the_organization_names() {
    let world = World::new().await;
    let own = world.own_id().await;
    let token = world.admin_token().await;
    let path = format!("/api/identity-providers/{own}");
    world.bearer(Method::PATCH, &path, &token, Some(&json!({ "group_claim": "papeis" }))).await.ok();
    // In the ID token itself, while the other claim is only told when asked for.
    let claims = json!({
        "email": format!("ana@{}", world.domain), "email_verified": true,
        "papeis": ["chefia"], "groups": ["recepcao"],
    });
    let subject = world.claiming(&claims).await;
    assert_eq!(world.roles_of(&own, &subject).await, ["supervisor", "user"]);
}

#[tokio::test]
async fn an_e_mail_is_believed_where_the_provider_says_that_it_verified_it() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let email = format!("ana@{}", world.domain);
    let ana = house.member(&house.organization, &email, "agent").await;
    for verified in [json!(false), Value::Null, json!(0), json!("false"), json!([true])] {
        let subject = world.claiming(&json!({ "email": email, "email_verified": verified })).await;
        world.gets_nothing(&own, &subject, &verified.to_string()).await;
    }
    let unsaid = world.claiming(&json!({ "email": email })).await;
    world.gets_nothing(&own, &unsaid, "not said").await;
    let nameless = world.claiming(&json!({ "email_verified": true })).await;
    world.gets_nothing(&own, &nameless, "no e-mail").await;
    for odd in [
        format!("ana@sub.{}", world.domain),
        format!("ana@{}.evil.example", world.domain),
        format!("ana@evil.example@{}", world.domain),
        format!("\"ana@evil.example\"@{}", world.domain),
        format!("ana@{}\nbcc: x@evil.example", world.domain),
        world.domain.clone(),
    ] {
        let subject = world.claiming(&json!({ "email": odd, "email_verified": true })).await;
        world.gets_nothing(&own, &subject, &odd).await;
    }
    // Written in another way it is the same address.
    let subject = world.claiming(&json!({ "email": email.to_uppercase(), "email_verified": true })).await;
    let answer = world.sign_in(&own, &subject).await.ok();
    assert_eq!(answer.body["user"]["id"], json!(ana.user_id));
}

#[tokio::test]
async fn a_second_factor_counts_where_the_provider_claims_it() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let email = format!("ana@{}", world.domain);
    let ana = house.member(&house.organization, &email, "agent").await;
    house
        .sql(format!(
            "insert into totp_factors (user_id, secret_sealed, created_at, confirmed_at) values ('{}', 'x', now(), now())",
            ana.user_id
        ))
        .await;
    let with = |amr: Value| json!({ "email": email, "email_verified": true, "amr": amr });
    let subject = world.claiming(&with(json!(["pwd"]))).await;
    for one in [json!(["pwd"]), json!(["otp", "hwk"]), json!(["MFA"]), Value::Null] {
        world.provider.person(&subject, &with(one.clone())).await;
        let answer = world.sign_in(&own, &subject).await.ok();
        assert_eq!(answer.body["status"], "mfa_required", "{one}");
    }
    world.provider.person(&subject, &with(json!(["pwd", "mfa"]))).await;
    let answer = world.sign_in(&own, &subject).await.ok();
    let session = house.validate(&answer.text("access_token")).await.ok();
    assert_eq!(session.body["session"]["amr"], json!(["oidc_org", "mfa"]));
}

#[tokio::test]
async fn a_newcomers_name_is_cleaned_and_the_rest_of_the_claims_gives_nothing() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let claims = json!({
        "email": format!("bia@{}", world.domain), "email_verified": true,
        "name": format!("  Bia\u{202e}\n <b>Souza</b> {}", "x".repeat(400)),
        "roles": ["admin"], "papeis": ["chefia"], "organization": "outra", "status": "active", "groups": ["admin"],
    });
    let subject = world.claiming(&claims).await;
    let answer = world.sign_in(&own, &subject).await.ok();
    let user = &answer.body["user"];
    let name = user["name"].as_str().unwrap();
    assert!(name.starts_with("Bia") && name.chars().count() == 150, "{name}");
    assert!(!name.contains(['\u{202e}', '\n']), "{name}");
    assert_eq!(
        (&user["roles"], &answer.body["organization"]["slug"]),
        (&json!(["user"]), &json!(house.organization.slug))
    );
}
