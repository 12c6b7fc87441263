//! Provisioning, and making members.

use crate::harness::{House, PASSWORD, unique};
use identity::{About, NewOrganization, NewUser, create_user, provision_organization};
use kernel::{Ctx, Error, Ids};
use std::sync::Arc;

async fn provision(house: &House, ctx: &Ctx, new: NewOrganization) -> Result<identity::Organization, Error> {
    let mut tx = house.db.tenant(ctx.organization_id()).await.unwrap();
    let made = provision_organization(ctx, &mut tx, new).await?;
    service_levels::provision_units(ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(made)
}

async fn create(house: &House, ctx: &Ctx, new: NewUser) -> Result<identity::CreatedUser, Error> {
    let mut tx = house.db.tenant(ctx.organization_id()).await.unwrap();
    let made = create_user(ctx, &mut tx, new).await?;
    tx.commit().await?;
    Ok(made)
}

fn with_role(email: &str, role: &str) -> NewUser {
    NewUser { role: Some(role.to_owned()), ..NewUser::new(email, "Ana Souza") }
}

#[tokio::test]
async fn provisioning_again_adds_what_is_missing_and_overwrites_nothing() {
    let house = House::new().await;
    let (id, slug) = (house.organization.id, house.organization.slug.clone());
    let counts = async || {
        let roles = house.count(format!("select count(*) from roles where organization_id = '{id}'")).await;
        let units = house.count(format!("select count(*) from units where organization_id = '{id}'")).await;
        (roles, units)
    };
    assert_eq!(counts().await, (7, 2));
    house.sql(format!("update organizations set name = 'Renomeada' where id = '{id}'")).await;
    house
        .sql(format!(
            "update units set name = 'Atendimento', slug = 'atendimento' where organization_id = '{id}' and is_fallback"
        ))
        .await;
    house.sql(format!("delete from roles where organization_id = '{id}' and name = 'finance'")).await;
    let again =
        provision(&house, &house.ctx(id), NewOrganization::new(&slug, "Clínica Bem-Estar", "clinic")).await.unwrap();
    assert_eq!((again.name.as_str(), counts().await), ("Renomeada", (7, 2)));
    let created = house.events(id).await.iter().filter(|(kind, ..)| kind == "organization.created").count();
    assert_eq!(created, 1);
    assert_eq!(house.identity.organization(&slug.to_uppercase()).await.unwrap().unwrap().id, id);
    assert_eq!(house.identity.organization(&id.to_string()).await.unwrap().unwrap().slug, slug);
    assert!(house.identity.organization("no-such").await.unwrap().is_none());
}

#[tokio::test]
async fn a_slug_belongs_to_one_organization_also_under_parallel_attempts() {
    let house = House::new().await;
    let slug = unique("org");
    let ids = Ids::system();
    let attempts = (0..6).map(|_| {
        let ctx = house.ctx(ids.sortable(house.clock.now()));
        let (house, slug) = (&house, slug.clone());
        async move { provision(house, &ctx, NewOrganization::new(slug, "Clínica", "clinic")).await }
    });
    let results = futures_util::future::join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().filter_map(|result| result.as_ref().err()).all(|error| error.code() == "SLUG_TAKEN"),
        "{results:?}"
    );
    let bad = NewOrganization {
        tax_id: Some("11.222.333/0001-80".into()),
        ..NewOrganization::new(unique("org"), "Clínica", "clinic")
    };
    let ctx = house.ctx(ids.sortable(house.clock.now()));
    assert_eq!(provision(&house, &ctx, bad).await.unwrap_err().fields()[0].field, "tax_id");
}

#[tokio::test]
async fn one_person_is_a_member_once_whatever_the_case_and_however_many_try() {
    let house = House::new().await;
    let email = format!("{}@clinica.example", unique("ana"));
    let ctx = house.ctx(house.organization.id);
    let attempts = (0..20).map(|n| {
        let typed = if n % 2 == 0 { email.to_uppercase() } else { format!(" {email} ") };
        create(&house, &ctx, with_role(Box::leak(typed.into_boxed_str()), "agent"))
    });
    let results = futures_util::future::join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().filter_map(|result| result.as_ref().err()).all(|error| error.code() == "EMAIL_TAKEN"),
        "{results:?}"
    );
    assert_eq!(house.count(format!("select count(*) from users where email_norm = '{email}'")).await, 1);
}

#[tokio::test]
async fn a_login_of_elsewhere_keeps_its_password() {
    let house = House::new().await;
    let other = house.other_organization("Outra").await;
    let ana = house.user("agent").await;
    let mut new = with_role(&ana.email, "agent");
    let about = About { email: &ana.email, ..About::default() };
    new.password = Some(house.identity.hashes().accept(&"outra-senha-dada".into(), &about).await.unwrap());
    let made = create(&house, &house.ctx(other.id), new).await.unwrap();
    assert!(!made.login_created && made.user_id == ana.user_id);
    house.login(&ana.email).await;
    house.try_login(&ana.email, "outra-senha-dada").await.is(401, "AUTH_CREDENTIALS_INVALID");
}

#[tokio::test]
async fn nobody_grants_more_than_he_holds() {
    let house = House::new().await;
    let as_user = async |role: &str| {
        let person = house.user(role).await;
        let token = house.access_token(&person.email).await;
        let subject = house.identity.subject_of_token(&token, None).await.unwrap();
        Ctx::new(subject, house.clock.clone(), Ids::system(), Arc::from("test"))
    };
    let email = || Box::leak(format!("{}@clinica.example", unique("n")).into_boxed_str()) as &str;
    let (manager, agent, admin) = (as_user("manager").await, as_user("agent").await, as_user("admin").await);
    create(&house, &manager, with_role(email(), "user")).await.unwrap();
    assert_eq!(create(&house, &manager, with_role(email(), "admin")).await.unwrap_err().code(), "GRANT_EXCEEDS_OWN");
    assert_eq!(create(&house, &agent, with_role(email(), "user")).await.unwrap_err().code(), "PERMISSION_DENIED");
    create(&house, &admin, with_role(email(), "ADMIN")).await.unwrap();
    assert_eq!(
        create(&house, &admin, with_role(email(), "no-such")).await.unwrap_err().fields()[0].code,
        "ROLE_UNKNOWN"
    );
    assert_eq!(create(&house, &admin, with_role("no address", "user")).await.unwrap_err().fields()[0].field, "email");
    let made = provision(&house, &admin, NewOrganization::new(unique("org"), "Clínica", "clinic")).await;
    assert_eq!(made.unwrap_err().code(), "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_member_who_comes_back_starts_with_the_rights_given_now() {
    let house = House::new().await;
    let ana = house.user("admin").await;
    house.sql(format!("update memberships set status = 'removed' where id = '{}'", ana.membership_id)).await;
    house.try_login(&ana.email, PASSWORD).await.is(403, "MEMBERSHIP_INACTIVE");
    create(&house, &house.ctx(house.organization.id), with_role(&ana.email, "user")).await.unwrap();
    let token = house.access_token(&ana.email).await;
    assert_eq!(house.validate(&token).await.ok().body["roles"], serde_json::json!(["user"]));
}
