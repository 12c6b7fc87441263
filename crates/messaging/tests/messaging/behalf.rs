//! `on_behalf_of`: a key that writes in a member's name, and what machines may send beyond the plan.

use crate::harness::{World, code};
use kernel::ids::{ChannelAccountId, UserId};
use kernel::{Ctx, Grant, Permission, PermissionSet, Principal, Scope, Subject};
use messaging::{Messaging, NoteBody, ReplyBody, Settings};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

const ANA: &str = "5511990000017";

/// A key of a service account that may reply in this scope.
fn key(world: &World, scope: Scope) -> Ctx {
    let subject = Subject {
        principal: Principal::ServiceAccount { id: world.ids.random() },
        grants: vec![Grant {
            role: "integration".into(),
            permissions: PermissionSet::granting([Permission::MESSAGING_REPLY]),
            scope,
            effective_from: None,
            effective_to: None,
        }],
        key_scopes: Some(PermissionSet::granting([Permission::MESSAGING_REPLY])),
        api_key_id: Some(world.ids.random()),
        fallback_unit: Some(world.unit),
        ..Subject::system(world.organization)
    };
    Ctx::new(Arc::new(subject), world.clock.clone(), world.ids.clone(), "test".into())
}

/// Gives a member a role of these permissions in the whole organization, as stored.
async fn holds(world: &World, member: &Ctx, permissions: &[&str]) {
    let (role, assignment): (Uuid, Uuid) = (world.ids.random(), world.ids.random());
    let mut admin = world.admin().await;
    sqlx::query(
        "insert into roles (id, organization_id, name, name_folded, permissions, created_at, updated_at)
         values ($1, $2, $3, $3, $4, now(), now())",
    )
    .bind(role)
    .bind(world.organization.0)
    .bind(role.to_string())
    .bind(permissions)
    .execute(&mut admin)
    .await
    .unwrap();
    sqlx::query(
        "insert into role_assignments (id, organization_id, membership_id, role_id, scope_type, created_at, updated_at)
         values ($1, $2, $3, $4, 'organization', now(), now())",
    )
    .bind(assignment)
    .bind(world.organization.0)
    .bind(member.subject.membership_id().unwrap().0)
    .bind(role)
    .execute(&mut admin)
    .await
    .unwrap();
}

fn as_member(user: UserId, text: &str) -> ReplyBody {
    ReplyBody { on_behalf_of: Some(user), ..ReplyBody::text(text) }
}

#[tokio::test]
async fn what_a_key_writes_in_a_members_name_is_the_members_and_says_who_wrote_it() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    let bia = world.agent("Bia").await;
    holds(&world, &bia, &["messaging.reply"]).await;
    let (key, user) = (key(&world, Scope::Organization), bia.subject.user_id().unwrap());
    let account = key.subject.principal_id().unwrap();
    let sent = world.messaging.post(&key, id, as_member(user, "Bom dia!")).await.unwrap().message;
    assert_eq!((sent.sender.kind.as_str(), sent.sender.id, sent.source.as_str()), ("user", Some(user.0), "api"));
    assert_eq!((sent.sender.name.as_deref(), sent.sender.via_service_account_id), (Some("Bia"), Some(account)));
    // It counts as the member's: it answers, owns, holds the floor, and is not automated.
    let thread = world.find(id).await;
    assert_eq!((thread.owner_id, thread.waiting_since), (Some(user), None));
    assert_eq!(world.count("select count(*) from outbound_sends where organization_id = $1 and automated").await, 0);
    // Stored with both names, and read again with both.
    let via = world
        .count("select count(*) from messages where organization_id = $1 and metadata -> 'via' ? 'api_key_id' and sender_kind = 'user'")
        .await;
    assert_eq!(via, 1);
    let created = world.event_data("message.created").await;
    assert_eq!(created.last().unwrap()["message"]["sender"]["via_service_account_id"], json!(account));
    // What happened to the thread says so too, and the audit hears of the key once.
    let assigned = world.event_data("conversation.assigned").await;
    assert_eq!(assigned[0]["impersonator_id"], json!(account));
    let note =
        NoteBody { client_id: None, text: "pela integração".to_owned(), reply_to: None, on_behalf_of: Some(user) };
    let noted = world.messaging.note(&key, id, note).await.unwrap().message;
    assert_eq!((noted.sender.id, noted.sender.via_service_account_id), (Some(user.0), Some(account)));
    let told = world.event_data("api_key.acted_on_behalf").await;
    assert_eq!(told, [json!({ "service_account_id": account, "user_id": user })]);
    // Without a name it is the key's own, automated.
    let own = world.messaging.post(&key, id, ReplyBody::text("Automático")).await.unwrap().message;
    assert_eq!((own.sender.kind.as_str(), own.sender.id), ("service_account", Some(account)));
    assert_eq!(own.sender.via_service_account_id, None);
    assert_eq!(world.count("select count(*) from outbound_sends where organization_id = $1 and automated").await, 1);
}

#[tokio::test]
async fn a_key_names_active_members_of_its_own_organization_and_nobody_else() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    let key = key(&world, Scope::Organization);
    let foreign = World::new().await;
    let stranger = foreign.agent("Fora").await;
    holds(&foreign, &stranger, &["messaging.reply"]).await;
    let mut refused = vec![
        world.messaging.post(&key, id, as_member(world.ids.random(), "x")).await,
        world.messaging.post(&key, id, as_member(stranger.subject.user_id().unwrap(), "x")).await,
    ];
    for status in ["suspended", "removed", "invited"] {
        let member = world.agent("Caio").await;
        holds(&world, &member, &["messaging.reply"]).await;
        let user = member.subject.user_id().unwrap();
        sqlx::query("update memberships set status = $2 where user_id = $1")
            .bind(user.0)
            .bind(status)
            .execute(&mut world.admin().await)
            .await
            .unwrap();
        refused.push(world.messaging.post(&key, id, as_member(user, "x")).await);
    }
    let disabled = world.agent("Davi").await;
    holds(&world, &disabled, &["messaging.reply"]).await;
    let user = disabled.subject.user_id().unwrap();
    sqlx::query("update users set status = 'disabled' where id = $1")
        .bind(user.0)
        .execute(&mut world.admin().await)
        .await
        .unwrap();
    refused.push(world.messaging.post(&key, id, as_member(user, "x")).await);
    // One answer for all of them: whether there is such a person elsewhere does not show.
    for answer in refused {
        let error = answer.unwrap_err();
        let field = &error.fields()[0];
        assert_eq!(
            (error.code(), &*field.field, &*field.code),
            ("VALIDATION_FAILED", "on_behalf_of", "MEMBER_UNKNOWN")
        );
    }
    // People speak for themselves.
    let bia = world.agent("Bia").await;
    let other = world.agent("Eva").await;
    holds(&world, &other, &["messaging.reply"]).await;
    let named = world.messaging.post(&bia, id, as_member(other.subject.user_id().unwrap(), "x")).await;
    assert_eq!(code(named), "ON_BEHALF_NOT_ALLOWED");
    assert_eq!(
        world.count("select count(*) from messages where organization_id = $1 and direction = 'outbound'").await,
        0
    );
    assert!(world.event_data("api_key.acted_on_behalf").await.is_empty(), "nothing was written");
}

#[tokio::test]
async fn a_key_does_in_a_name_only_what_both_may() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    let looks = world.agent("Olha").await;
    holds(&world, &looks, &["messaging.view"]).await;
    let writes = world.agent("Escreve").await;
    holds(&world, &writes, &["messaging.reply"]).await;
    let (looks, writes) = (looks.subject.user_id().unwrap(), writes.subject.user_id().unwrap());
    // The member may not.
    let whole = key(&world, Scope::Organization);
    let refused = world.messaging.post(&whole, id, as_member(looks, "x")).await.unwrap_err();
    assert_eq!(refused.code(), "ON_BEHALF_NOT_ALLOWED");
    assert_eq!(refused.denied().map(|denied| denied.action), Some("messaging.reply"), "the audit keeps the refusal");
    // The key may not: where it sees nothing there is nothing, whoever it names.
    let narrow = key(&world, Scope::ChannelAccount(ChannelAccountId(world.ids.random())));
    assert_eq!(code(world.messaging.post(&narrow, id, as_member(writes, "x")).await), "NOT_FOUND");
    let mut scoped = (*whole.subject).clone();
    scoped.key_scopes = Some(PermissionSet::granting([Permission::MESSAGING_VIEW]));
    let scoped = Ctx { subject: Arc::new(scoped), ..whole.clone() };
    assert_eq!(code(world.messaging.post(&scoped, id, as_member(writes, "x")).await), "PERMISSION_DENIED");
    world.messaging.post(&whole, id, as_member(writes, "sim")).await.unwrap();
}

#[tokio::test]
async fn beyond_the_months_conversations_machines_stop_and_people_and_customers_go_on() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    world
        .sql(
            "insert into subscriptions (organization_id, plan, status, limits, created_at, updated_at)
             values ($1, 'free', 'active', '{\"conversations_per_month\": 2}', now(), now())",
        )
        .await
        .unwrap();
    let key = key(&world, Scope::Organization);
    let bia = world.agent("Bia").await;
    holds(&world, &bia, &["messaging.reply"]).await;
    let user = bia.subject.user_id().unwrap();
    world.hears("5511990000018", "oi").await;
    world.messaging.post(&key, id, ReplyBody::text("ainda")).await.unwrap();
    // The third conversation of the month: taken in like any other.
    let (third, _) = world.hears("5511990000019", "oi").await;
    for thread in [id, third] {
        let refused = world.messaging.post(&key, thread, ReplyBody::text("não")).await.unwrap_err();
        assert_eq!(refused.code(), "LIMIT_REACHED");
        let extra = refused.extra();
        assert_eq!(
            (&extra["limit"], &extra["current"], &extra["max"]),
            (&json!("conversations_per_month"), &json!(3), &json!(2))
        );
        world.messaging.post(&bia, thread, ReplyBody::text("eu mesma")).await.unwrap();
        world.messaging.post(&key, thread, as_member(user, "em nome dela")).await.unwrap();
    }
    world.hears("5511990000020", "oi").await;
    // Another month.
    world.hours(24 * 31);
    world.hears(ANA, "de novo").await;
    world.messaging.post(&key, id, ReplyBody::text("sim")).await.unwrap();
}

#[tokio::test]
async fn an_organizations_lower_limit_of_messages_holds_on_every_transport() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    let settings = Settings { outbound_per_minute: 100, outbound_per_ten_seconds: 0 };
    let messaging = Messaging::new(world.db.clone(), kernel::cursor::CursorKey::new(b"key"), settings);
    let bia = world.agent("Bia").await;
    let mut subject = (*bia.subject).clone();
    subject.rate_limits = serde_json::from_value(json!({ "sending": { "minute": 3 } })).map(Arc::new).ok();
    let bia = Ctx { subject: Arc::new(subject), ..bia };
    for n in 0..3 {
        messaging.post(&bia, id, ReplyBody::text(format!("{n}"))).await.unwrap();
    }
    // The command that sockets run.
    let commands = messaging::module(&messaging).socket_commands;
    let send = commands.iter().find(|command| command.name == "message_send").unwrap();
    let payload = json!({ "conversation_id": id, "segments": [{ "type": "text", "text": "x" }] });
    let refused = (send.run)(bia.clone(), payload).await.unwrap_err();
    assert_eq!((refused.code(), refused.retry_after_ms()), ("RATE_LIMITED", Some(20_000)));
}
