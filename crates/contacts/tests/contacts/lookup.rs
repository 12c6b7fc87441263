//! Looking contacts up by a whole value.

use crate::harness::World;
use audit::{Audit, AuditParts, HeadsOut};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use contacts::{WholeValue, look_up};
use http_body_util::BodyExt as _;
use http_kit::{Assembly, Authentication, EdgeSettings, assemble};
use kernel::ids::{MembershipId, UnitId, UserId};
use kernel::{Ctx, Error, Grant, Permission, PermissionSet, Principal, Scope, Subject};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Sealer;
use tower::ServiceExt as _;

const RAW: &str = "551190000017";

fn person(world: &World, permissions: &[Permission], scope: Scope) -> Ctx {
    let subject = Subject {
        principal: Principal::User {
            user_id: UserId(world.ids.random()),
            membership_id: MembershipId(world.ids.random()),
        },
        grants: vec![Grant {
            role: "test".into(),
            permissions: PermissionSet::granting(permissions.iter().copied()),
            scope,
            effective_from: None,
            effective_to: None,
        }],
        ..Subject::system(world.organization)
    };
    Ctx::new(Arc::new(subject), world.clock.clone(), world.ids.clone(), "test".into())
}

fn phone(typed: &str) -> WholeValue {
    WholeValue { phone: Some(typed.to_owned()), email: None }
}

async fn found(world: &World, ctx: &Ctx, wanted: &WholeValue) -> Result<Vec<contacts::ContactCard>, Error> {
    let mut tx = world.tx().await;
    let found = look_up(ctx, &mut tx, wanted).await?;
    tx.commit().await?;
    Ok(found)
}

#[tokio::test]
async fn check_21_a_whole_number_finds_its_contact_in_every_way_of_writing_it_and_shows_it_masked() {
    let world = World::new().await;
    let known = world.recognize(&world.sender(Some(RAW), None)).await.unwrap();
    world.recognize(&world.sender(Some("5511990000018"), None)).await.unwrap();
    let masked = person(&world, &[Permission::CONTACTS_VIEW], Scope::Organization);
    for typed in ["+55 11 99000-0017", "+5511990000017", "(11) 99000-0017", "011 99000-0017", "11 9000-0017"] {
        let cards = found(&world, &masked, &phone(typed)).await.unwrap();
        assert_eq!(cards.iter().map(|card| card.id).collect::<Vec<_>>(), [known.contact_id], "{typed}");
        let shown = serde_json::to_string(&cards).unwrap();
        assert!(!shown.contains("990000017") && shown.contains("+55 11 *****-**17"), "{shown}");
    }
    let sees = person(&world, &[Permission::CONTACTS_VIEW_PII], Scope::Organization);
    assert_eq!(
        found(&world, &sees, &phone("+5511990000017")).await.unwrap()[0].address.as_deref(),
        Some("+5511990000017")
    );
    assert!(found(&world, &masked, &phone("+5511990000099")).await.unwrap().is_empty());
    // Somebody else's number here is nobody's there.
    let elsewhere = World::new().await;
    let stranger = person(&elsewhere, &[Permission::CONTACTS_VIEW_PII], Scope::Organization);
    assert!(found(&elsewhere, &stranger, &phone("+5511990000017")).await.unwrap().is_empty());
}

#[tokio::test]
async fn check_21_parts_of_a_value_are_no_value() {
    let world = World::new().await;
    world.recognize(&world.sender(Some(RAW), None)).await.unwrap();
    let masked = person(&world, &[Permission::CONTACTS_VIEW], Scope::Organization);
    for part in ["0017", "99000", "+55", "+55 11 *****-**17", "%", "", "9900000"] {
        let refused = found(&world, &masked, &phone(part)).await.unwrap_err();
        assert_eq!((refused.code(), &*refused.fields()[0].code), ("VALIDATION_FAILED", "PHONE_INVALID"), "{part}");
    }
    for part in ["@dominio.com", "ana", "a*@dominio.com", "ana@", "ana@%"] {
        let wanted = WholeValue { phone: None, email: Some(part.to_owned()) };
        assert_eq!(&*found(&world, &masked, &wanted).await.unwrap_err().fields()[0].code, "EMAIL_INVALID", "{part}");
    }
    for both in
        [WholeValue { phone: None, email: None }, WholeValue { email: Some("a@b.c".into()), ..phone("+5511990000017") }]
    {
        assert_eq!(&*found(&world, &masked, &both).await.unwrap_err().fields()[0].code, "ONE_VALUE");
    }
    let nobody = person(&world, &[Permission::MESSAGING_VIEW], Scope::Organization);
    assert_eq!(found(&world, &nobody, &phone("+5511990000017")).await.unwrap_err().code(), "PERMISSION_DENIED");
}

#[tokio::test]
async fn where_only_related_contacts_are_shown_others_are_not_found_either() {
    let world = World::new().await;
    let known = world.recognize(&world.sender(Some(RAW), None)).await.unwrap();
    let (unit, other): (UnitId, UnitId) = (UnitId(world.ids.random()), UnitId(world.ids.random()));
    let mut admin = world.admin().await;
    for statement in [
        format!(
            "insert into organization_settings (organization_id, given, updated_at)
             values ('{}', '{{\"contacts.visibility\": \"related\"}}', now())",
            world.organization
        ),
        format!(
            "insert into units (id, organization_id, name, slug, kind, created_at, updated_at)
             values ('{unit}', '{}', 'Suporte', 'suporte', 'queue', now(), now())",
            world.organization
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    }
    let both = [Permission::CONTACTS_VIEW, Permission::MESSAGING_VIEW];
    let inside = person(&world, &both, Scope::Units(vec![unit]));
    let outside = person(&world, &both, Scope::Units(vec![other]));
    let wanted = phone("+5511990000017");
    assert!(found(&world, &inside, &wanted).await.unwrap().is_empty(), "there is no thread yet");
    let thread = format!(
        "with account as (
           insert into channel_accounts (id, organization_id, kind, name, status, external_id, unit_id, created_at, updated_at)
           values (gen_random_uuid(), '{0}', 'whatsapp', 'x', 'active', gen_random_uuid()::text, '{unit}', now(), now()) returning id)
         insert into conversations (id, organization_id, number, audience, channel_kind, channel_account_id, contact_id, identity_id,
           address_id, unit_id, status, origin, last_activity_at, created_at, updated_at)
         select gen_random_uuid(), '{0}', 1, 'external', 'whatsapp', account.id, i.contact_id, i.id, i.address_id, '{unit}', 'open',
           'inbound', now(), now(), now() from contact_identities i, account where i.contact_id = '{1}' limit 1",
        world.organization, known.contact_id
    );
    sqlx::query(sqlx::AssertSqlSafe(thread)).execute(&mut admin).await.unwrap();
    assert_eq!(found(&world, &inside, &wanted).await.unwrap().len(), 1);
    assert!(found(&world, &outside, &wanted).await.unwrap().is_empty());
}

/// The route, asked by this person.
async fn ask(router: &Router, body: &Value) -> (u16, Value) {
    let request = Request::builder()
        .method("POST")
        .uri("/api/contacts/lookup")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status.as_u16(), serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_look_up_is_audited_and_limited_to_sixty_a_minute() {
    let world = World::new().await;
    world.recognize(&world.sender(Some(RAW), None)).await.unwrap();
    let sealer = Sealer::new(vec![secrecy::SecretSlice::from(vec![7u8; 32])]);
    let files = files::Files::over(Arc::new(object_store::memory::InMemory::new()));
    let (db, clock, ids) = (world.db.clone(), world.clock.clone(), world.ids.clone());
    let audit = Audit::new(AuditParts {
        db: db.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        sealer,
        files,
        heads_out: HeadsOut::default(),
    });
    let subject = person(&world, &[Permission::CONTACTS_VIEW], Scope::Organization).subject;
    let (router, _) = assemble(Assembly {
        routes: vec![contacts::module(db, audit).routes],
        outside: http_kit::health::routes(Vec::new()),
        hidden: Router::new(),
        wrap: Box::new(move |api| {
            api.layer(from_fn(move |mut request: Request, next: Next| {
                request.extensions_mut().insert(Authentication::Known(subject.clone()));
                next.run(request)
            }))
        }),
        docs: false,
        version: "0".to_owned(),
        edge: EdgeSettings::default(),
        clock,
        ids,
    });
    let (status, one) = ask(&router, &json!({ "phone": "+5511990000017" })).await;
    assert_eq!((status, one["data"][0]["masked_fields"].clone()), (200, json!(["address"])));
    assert_eq!(ask(&router, &json!({ "phone": "+5511990000099" })).await, (200, json!({ "data": [] })));
    for _ in 2..60 {
        assert_eq!(ask(&router, &json!({ "phone": "+5511990000017" })).await.0, 200);
    }
    let (status, refused) = ask(&router, &json!({ "phone": "+5511990000017" })).await;
    assert_eq!((status, refused["code"].clone()), (429, json!("RATE_LIMITED")));
    // One entry for the contact and one for the number that nobody has, however often.
    let deadline = Instant::now() + Duration::from_secs(10);
    let noted = "select count(*) from events where organization_id = $1 and kind = 'privacy.data_read'";
    while world.count(noted).await < 2 {
        assert!(Instant::now() < deadline, "the looks are not noted");
        tokio::task::yield_now().await;
    }
    let kinds =
        "select count(distinct stream_kind) from events where organization_id = $1 and kind = 'privacy.data_read'
       and stream_kind in ('contact', 'contact_lookup')";
    assert_eq!((world.count(noted).await, world.count(kinds).await), (2, 2));
    let values = "select count(*) from events where organization_id = $1 and data::text like '%99000%'";
    assert_eq!(world.count(values).await, 0, "not the number itself");
}
