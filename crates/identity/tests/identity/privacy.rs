//! A copy of one's data, and being forgotten.

use crate::harness::{House, PASSWORD, blobs, unique};
use chrono::Duration;
use files::BlobKey;
use http::Method;
use identity::Settings;
use serde_json::{Value, json};
use std::io::Read as _;

fn email(prefix: &str) -> String {
    format!("{}@clinica.example", unique(prefix))
}

/// Whether a text lies anywhere in the database, plain or as the bytes of a column.
async fn lies_there(house: &House, text: &str) -> bool {
    let all = house.everything_stored().await;
    all.contains(text) || all.contains(&hex::encode(text))
}

#[tokio::test]
async fn check_27_of_an_erased_person_neither_e_mail_nor_name_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("erasures");
    let house = House::alone().await;
    let house =
        house.with_settings(Settings { erasure_list: Some(list.clone()), hash_threads: 2, ..Settings::default() });
    let boss = house.user("admin").await;
    let typed = email("zuleica");
    let person = house.member(&house.organization, &typed, "agent").await;
    let hers = house.access_token(&typed).await;
    let everything = json!({ "name": "Zuleica Canário", "display_name": "Zuzu Canário", "phone": "11987650001",
        "signature": "Zuleica Canário\nCRM 1", "timezone": "America/Manaus", "email": format!("novo-{typed}") });
    house.call(Method::PATCH, "/api/users/me", &hers, Some(&everything)).await.ok();
    let token = house.access_token(&boss.email).await;
    let path = format!("/api/users/{}", person.user_id);
    // An answer that is kept holds her name and address.
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "chefe-muda-zuleica")];
    house.send(Method::PATCH, &path, &headers, Some(&json!({ "job_title": "Canário" }))).await.ok();
    let kept = "select count(*) from idempotency_keys".to_owned();
    assert_eq!(house.count(kept.clone()).await, 1);
    house.call(Method::POST, "/api/me/export", &hers, None).await;
    house.work().await;
    // A message of hers in the log, as messaging writes it.
    let event = format!(
        "insert into events (organization_id, event_id, kind, version, occurred_at, stream_kind, stream_id, actor_kind, actor_id, request_id, audience, data)
         values ('{}', gen_random_uuid(), 'message.created', 1, now(), 'conversation', gen_random_uuid(), 'user', '{}', 't', '{{}}',
           '{{\"message\": {{\"id\": \"{}\", \"sender\": {{\"kind\": \"user\", \"id\": \"{}\", \"name\": \"Zuzu Canário\"}}}}}}')",
        house.organization.id, person.user_id, person.membership_id, person.user_id
    );
    house.sql(event).await;
    for there in ["Canário", "zuleica", typed.as_str()] {
        assert!(lies_there(&house, there).await, "{there}");
    }
    let archive = house.text("select blob_key from privacy_exports".to_owned()).await;
    let rows = house.count("select count(*) from events".to_owned()).await;
    // Not while it must be kept.
    let hold =
        house.call(Method::PUT, &format!("{path}/hold"), &token, Some(&json!({ "reason": "processo 17" }))).await;
    assert_eq!(hold.status, 204, "{}", hold.body);
    house.call(Method::POST, &format!("{path}/erase"), &token, None).await.is(409, "LEGAL_HOLD");
    house.call(Method::DELETE, "/api/me", &hers, Some(&json!({ "immediate": true }))).await.is(409, "LEGAL_HOLD");
    assert_eq!(house.call(Method::DELETE, &format!("{path}/hold"), &token, None).await.status, 204);

    let asked = house.call(Method::POST, &format!("{path}/erase"), &token, None).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    house.get("/api/users/me", &hers).await.is(401, "AUTH_SESSION_REVOKED");
    house.work().await;
    for gone in ["Canário", "canario", "Canario", "zuleica", "11987650001", "CRM 1", typed.as_str()] {
        assert!(!lies_there(&house, gone).await, "{gone}");
    }
    assert_eq!(house.count(kept).await, 0, "what is sealed and about her is gone too");
    assert!(blobs().size(house.organization.id, &BlobKey::parse(&archive).unwrap()).await.unwrap().is_none());
    assert!(house.count("select count(*) from events".to_owned()).await > rows, "nothing of the log is missing");
    let receipt = house.get(&format!("/api/erasures/{}", asked.text("id")), &token).await.ok();
    assert_eq!((&receipt.body["number"], &receipt.body["login_erased"]), (&json!(1), &json!(true)));
    assert!(receipt.body["done_at"].is_string() && receipt.body["stores"]["sessions"].is_number(), "{}", receipt.body);
    let shown = house.get("/api/users?status=removed", &token).await.ok();
    assert_eq!(shown.body["data"][0]["name"], "Usuário removido #1");
    assert!(shown.body["data"][0].get("email").is_none());
    house.call(Method::POST, &format!("{path}/erase"), &token, None).await.is(404, "NOT_FOUND");
    assert_eq!(
        house
            .count(format!(
                "select count(*) from person_keys where user_id = '{}' and key_sealed is null",
                person.user_id
            ))
            .await,
        1
    );
    // The e-mail is free again.
    assert_ne!(house.member(&house.organization, &typed, "agent").await.user_id, person.user_id);
    // The list holds no personal value, and is enough to erase again what a restore brought back.
    let text = std::fs::read_to_string(&list).unwrap();
    assert!(!text.contains("zuleica") && text.contains(&person.user_id.to_string()));
    house.sql(format!("update users set status = 'active', name = 'Zuleica Canário', email = 'x', email_norm = 'zuleica@x' where id = '{}'", person.user_id)).await;
    house.sql(format!("update memberships set status = 'active', known_name = null, known_name_norm = null, erased_at = null, erased_number = null where user_id = '{}'", person.user_id)).await;
    let applied = house.identity.apply_erasures(&list).await.unwrap();
    assert_eq!((applied.erased_again, applied.erased[0].user_id), (1, person.user_id));
    assert!(!lies_there(&house, "Canário").await && !lies_there(&house, "zuleica@x").await);
    assert_eq!(house.identity.apply_erasures(&list).await.unwrap().erased_again, 0);
}

#[tokio::test]
async fn one_can_regret_for_seven_days() {
    let house = House::alone().await;
    house.user("admin").await;
    let ana = house.user("agent").await;
    let hers = house.access_token(&ana.email).await;
    let wish = house.call(Method::DELETE, "/api/me", &hers, None).await;
    assert_eq!((wish.status.as_u16(), &wish.body["erase_at"]), (202, &json!("2026-11-27T12:00:00Z")));
    assert!(
        house.work().await.iter().any(|letter| letter.to == ana.email && letter.template.name() == "erasure_requested")
    );
    assert_eq!(house.get("/api/me", &hers).await.ok().body["erase_at"], json!("2026-11-27T12:00:00Z"));
    house.login(&ana.email).await;
    assert_eq!(house.call(Method::DELETE, "/api/me/erasure", &hers, None).await.status, 204);
    house.call(Method::DELETE, "/api/me/erasure", &hers, None).await.is(404, "NOT_FOUND");
    house.advance(Duration::days(8));
    assert_eq!(house.identity.erase_due(&"test".into()).await.unwrap(), 0);
    let hers = house.access_token(&ana.email).await;
    assert_eq!(house.call(Method::DELETE, "/api/me", &hers, None).await.status, 202);
    house.advance(Duration::days(7));
    assert_eq!(house.identity.erase_due(&"test".into()).await.unwrap(), 1);
    house.try_login(&ana.email, PASSWORD).await.is(401, "AUTH_CREDENTIALS_INVALID");
    // At once, and everywhere.
    let other = house.other_organization("Outra").await;
    let bia = house.user("agent").await;
    house.member(&other, &bia.email, "agent").await;
    let hers = house.access_token(&bia.email).await;
    house
        .call(Method::DELETE, "/api/me", &hers, Some(&json!({ "immediate": true, "x": 1 })))
        .await
        .is(422, "VALIDATION_FAILED");
    assert_eq!(house.call(Method::DELETE, "/api/me", &hers, Some(&json!({ "immediate": true }))).await.status, 202);
    house.work().await;
    house.validate(&hers).await.is(401, "AUTH_SESSION_REVOKED");
    assert!(!lies_there(&house, &bia.email).await);
    assert_eq!(
        house
            .count(format!(
                "select count(*) from memberships where user_id = '{}' and erased_number is not null",
                bia.user_id
            ))
            .await,
        2
    );
    // An old proof is not enough.
    let caio = house.user("agent").await;
    let his = house.access_token(&caio.email).await;
    house.advance(Duration::minutes(11));
    house.call(Method::DELETE, "/api/me", &his, None).await.is(403, "REAUTH_REQUIRED");
}

#[tokio::test]
async fn an_organization_erases_its_part_and_a_login_without_a_place_goes_after_a_month() {
    let house = House::alone().await;
    let other = house.other_organization("Laboratório").await;
    let boss = house.access_token(&house.user("admin").await.email).await;
    let ana = house.user("agent").await;
    house.member(&other, &ana.email, "agent").await;
    let path = format!("/api/users/{}", ana.user_id);
    assert_eq!(house.call(Method::POST, &format!("{path}/erase"), &boss, None).await.status, 202);
    house.work().await;
    // The other organization still has her, with name and e-mail.
    let there = house.login(&ana.email).await;
    assert_eq!(
        (&there.body["organization"]["slug"], &there.body["user"]["name"]),
        (&json!(other.slug), &json!("Pessoa agent"))
    );
    assert_eq!(
        house.count("select count(*) from erasures where done_at is not null and not login_erased".to_owned()).await,
        1
    );
    let bia = house.user("agent").await;
    assert_eq!(house.call(Method::DELETE, &format!("/api/users/{}", bia.user_id), &boss, None).await.status, 204);
    house.advance(Duration::days(29));
    assert_eq!(house.identity.erase_due(&"test".into()).await.unwrap(), 0);
    house.advance(Duration::days(1));
    assert_eq!(house.identity.erase_due(&"test".into()).await.unwrap(), 1);
    assert!(!lies_there(&house, &bia.email).await);
}

#[tokio::test]
async fn a_copy_of_ones_data_is_for_the_one_who_asked_for_a_day() {
    let house = House::alone().await;
    let boss = house.user("admin").await;
    let ana = house.user("agent").await;
    let (token, hers) = (house.access_token(&boss.email).await, house.access_token(&ana.email).await);
    house
        .call(Method::PATCH, "/api/users/me", &hers, Some(&json!({ "phone": "11987650002", "signature": "Ana" })))
        .await
        .ok();
    let asked = house.call(Method::POST, "/api/me/export", &hers, None).await;
    assert_eq!((asked.status.as_u16(), &asked.body["state"]), (202, &json!("waiting")), "{}", asked.body);
    let letters = house.work().await;
    assert!(
        letters.iter().any(|letter| letter.to == ana.email && letter.template.name() == "export_ready"),
        "{letters:?}"
    );
    let path = format!("/api/me/exports/{}", asked.text("id"));
    assert_eq!(house.get(&path, &hers).await.ok().body["state"], "ready");
    let (status, bytes) = house.send_bytes(Method::GET, &format!("{path}/archive"), &hers, Vec::new()).await;
    assert_eq!(status, 200);
    let files = unzip(&bytes);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "profile.json",
            "preferences.json",
            "memberships.json",
            "sign_ins.json",
            "sessions.json",
            "consents.json",
            "audit.json",
            "authored.json",
            "records.json"
        ]
    );
    assert_eq!((&files[0].1["email"], &files[0].1["phone"]), (&json!(ana.email), &json!("+5511987650002")));
    assert_eq!(files[4].1.as_array().unwrap().len(), 1, "one session");
    let shown = files[8].1.as_object().unwrap();
    assert_eq!(shown.len(), identity::RECORDS.len());
    for records in identity::RECORDS {
        for row in shown[records.table].as_array().unwrap() {
            assert!(records.left_out.iter().all(|column| row.get(column).is_none()), "{}: {row}", records.table);
        }
    }
    assert!(files[3].1.as_array().unwrap().len() == 1 && files[6].1.to_string().contains("user.updated"));
    // Nobody else, not even the admin; a copy for the admin is the admin's.
    house.get(&path, &token).await.is(404, "NOT_FOUND");
    assert_eq!(house.send_bytes(Method::GET, &format!("{path}/archive"), &token, Vec::new()).await.0, 404);
    let theirs = house.call(Method::POST, &format!("/api/users/{}/export", ana.user_id), &token, None).await;
    assert_eq!(theirs.status, 202, "{}", theirs.body);
    house
        .call(Method::POST, &format!("/api/users/{}/export", boss.user_id), &hers, None)
        .await
        .is(403, "PERMISSION_DENIED");
    // Sealed where it lies, gone after its day.
    let key = house.text(format!("select blob_key from privacy_exports where id = '{}'", asked.text("id"))).await;
    let place = BlobKey::parse(&key).unwrap();
    let stored = blobs().open(house.organization.id, &place).await.unwrap().unwrap().into_bytes().await.unwrap();
    assert!(!stored.starts_with(b"PK"), "sealed");
    house.advance(Duration::hours(24));
    let hers = house.access_token(&ana.email).await;
    assert_eq!(house.send_bytes(Method::GET, &format!("{path}/archive"), &hers, Vec::new()).await.0, 404);
    assert!(house.identity.expire_exports().await.unwrap() >= 1);
    assert!(blobs().size(house.organization.id, &place).await.unwrap().is_none());
    let kinds: Vec<_> = house.events(house.organization.id).await.into_iter().map(|(kind, ..)| kind).collect();
    for kind in ["privacy.export_requested", "privacy.export_ready", "privacy.export_downloaded"] {
        assert!(kinds.contains(&kind.to_owned()), "{kind}");
    }
}

/// The entries of an archive, read by the local headers alone.
fn unzip(bytes: &[u8]) -> Vec<(String, Value)> {
    let (mut files, mut at) = (Vec::new(), 0);
    let long = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let short = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()) as usize;
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let (packed, name, extra) = (long(at + 18), short(at + 26), short(at + 28));
        let start = at + 30 + name + extra;
        let mut text = Vec::new();
        flate2::read::DeflateDecoder::new(&bytes[start..start + packed]).read_to_end(&mut text).unwrap();
        let mut sum = flate2::Crc::new();
        sum.update(&text);
        assert_eq!(sum.sum() as usize, long(at + 14));
        files.push((
            String::from_utf8(bytes[at + 30..at + 30 + name].to_vec()).unwrap(),
            serde_json::from_slice(&text).unwrap(),
        ));
        at = start + packed;
    }
    assert!(bytes[at..].starts_with(b"PK\x01\x02"));
    files
}

/// Tables with rows about a person, and what becomes of them: which file of a copy shows them, and how an erasure treats
/// them. A table, or a column of one, that is missing here fails the test.
const TABLES: &[(&str, &str, &[&str])] = &[
    (
        "audit_values",
        "the audit's own: addresses and devices of entries, destroyed by `audit_forget`",
        &["organization_id", "seq", "field", "person_id", "salt", "lookup", "value_sealed"],
    ),
    (
        "conversation_assignments",
        "the organization's record of work: ids and instants",
        &["id", "organization_id", "conversation_id", "user_id", "kind", "reason", "assigned_by", "since", "until"],
    ),
    (
        "conversation_participants",
        "the organization's record of work: ids and instants",
        &["organization_id", "conversation_id", "user_id", "role", "source", "last_seen_seq", "created_at"],
    ),
    (
        "erasures",
        "records.json; the receipt stays",
        &[
            "id",
            "organization_id",
            "membership_id",
            "user_id",
            "cause",
            "requested_by",
            "requested_at",
            "due_at",
            "done_at",
            "canceled_at",
            "number",
            "login_erased",
            "stores",
        ],
    ),
    (
        "impersonations",
        "records.json; the name is replaced",
        &[
            "id",
            "organization_id",
            "kind",
            "mode",
            "status",
            "reason",
            "minutes",
            "by_user_id",
            "by_name",
            "membership_id",
            "session_id",
            "requested_at",
            "expires_at",
            "decided_by",
            "decided_at",
            "started_at",
            "ended_at",
            "ended_by",
        ],
    ),
    (
        "invitations",
        "records.json; the message is emptied",
        &[
            "id",
            "organization_id",
            "membership_id",
            "user_id",
            "token_hash",
            "status",
            "message",
            "invited_by",
            "sent_count",
            "expires_at",
            "accepted_at",
            "version",
            "created_at",
            "updated_at",
        ],
    ),
    (
        "known_devices",
        "records.json; removed with the login",
        &["user_id", "device_hash", "first_seen_at", "last_seen_at"],
    ),
    (
        "memberships",
        "profile.json, preferences.json, memberships.json; emptied",
        &[
            "id",
            "organization_id",
            "user_id",
            "status",
            "display_name",
            "job_title",
            "languages",
            "preferences",
            "joined_at",
            "suspended_at",
            "version",
            "created_at",
            "updated_at",
            "signature_sealed",
            "known_name",
            "known_name_norm",
            "known_email",
            "known_language",
            "erased_at",
            "erased_number",
            "held_at",
            "hold_reason",
        ],
    ),
    (
        "one_time_links",
        "records.json; removed with the login",
        &["user_id", "purpose", "token_hash", "data", "tries", "created_at", "expires_at"],
    ),
    (
        "passkeys",
        "records.json; removed with the login",
        &["id", "user_id", "credential_id", "credential", "name", "created_at", "last_used_at"],
    ),
    (
        "password_history",
        "hashes, which no copy holds; removed with the login",
        &["user_id", "password_hash", "replaced_at"],
    ),
    (
        "person_keys",
        "opens what is sealed, which the other files show; destroyed with the login",
        &["user_id", "key_sealed", "created_at", "destroyed_at"],
    ),
    ("platform_staff", "what the operator appointed: ids and instants", &["user_id", "role", "granted_at"]),
    (
        "privacy_exports",
        "records.json; ended",
        &[
            "id",
            "organization_id",
            "membership_id",
            "user_id",
            "requested_by",
            "state",
            "blob_key",
            "size",
            "requested_at",
            "ready_at",
            "expires_at",
            "downloaded_at",
        ],
    ),
    ("recovery_codes", "records.json; removed with the login", &["user_id", "code_hash", "created_at", "used_at"]),
    (
        "role_assignments",
        "records.json; ended with the membership",
        &[
            "id",
            "organization_id",
            "membership_id",
            "role_id",
            "scope_type",
            "scope_id",
            "effective_from",
            "effective_to",
            "granted_by",
            "created_at",
            "service_account_id",
            "version",
            "updated_at",
        ],
    ),
    (
        "sessions",
        "sessions.json; removed",
        &[
            "id",
            "organization_id",
            "membership_id",
            "user_id",
            "device_name",
            "user_agent",
            "ip_first",
            "ip_last",
            "amr",
            "created_at",
            "authenticated_at",
            "last_used_at",
            "expires_at",
            "revoked_at",
            "revoked_reason",
            "idle_minutes",
        ],
    ),
    (
        "totp_factors",
        "records.json; removed with the login",
        &["user_id", "secret_sealed", "created_at", "confirmed_at", "last_step"],
    ),
    (
        "unit_members",
        "profile.json; ended with the membership",
        &["unit_id", "organization_id", "membership_id", "role", "weight", "active", "is_primary", "created_at"],
    ),
    (
        "user_identities",
        "records.json; removed with the login",
        &["id", "user_id", "provider", "issuer", "subject", "created_at", "last_used_at"],
    ),
    (
        "users",
        "profile.json; emptied with the login",
        &[
            "id",
            "email",
            "email_norm",
            "email_verified_at",
            "name",
            "name_norm",
            "language",
            "timezone",
            "status",
            "password_hash",
            "password_changed_at",
            "must_change_password",
            "last_login_at",
            "last_organization_id",
            "version",
            "created_at",
            "updated_at",
            "phone_sealed",
            "pending_email_sealed",
            "previous_email_sealed",
            "previous_email_until",
            "avatar_file_id",
            "avatar_key",
            "avatar_type",
            "erase_at",
            "erase_cause",
        ],
    ),
];

/// Tables that name people and hold no data about them besides ids.
const ONLY_IDS: &[&str] = &["mfa_requirements"];

#[tokio::test]
async fn a_column_about_people_that_no_copy_and_no_erasure_knows_fails_here() {
    let house = House::alone().await;
    let found = house
        .text(
            "select string_agg(t.relname || '.' || a.attname, ' ' order by t.relname, a.attnum) from pg_class t
             join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
             where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and not t.relispartition
               and (t.relname = 'users' or exists (select from pg_attribute u where u.attrelid = t.oid and not u.attisdropped
                 and u.attname in ('user_id', 'membership_id', 'person_id', 'email', 'email_norm', 'known_email')))"
                .to_owned(),
        )
        .await;
    let listed: std::collections::BTreeSet<String> = TABLES
        .iter()
        .flat_map(|(table, _, columns)| columns.iter().map(move |column| format!("{table}.{column}")))
        .collect();
    let table_of = |column: &str| column.split_once('.').unwrap().0.to_owned();
    let found: std::collections::BTreeSet<String> =
        found.split(' ').filter(|column| !ONLY_IDS.contains(&&*table_of(column))).map(str::to_owned).collect();
    let unknown: Vec<_> = found.difference(&listed).collect();
    assert!(unknown.is_empty(), "say which file of a copy shows these and how an erasure treats them: {unknown:?}");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "these are listed and not there: {gone:?}");
    // What the list promises of records.json is what the code takes.
    let promised: Vec<_> =
        TABLES.iter().filter(|(_, what, _)| what.starts_with("records.json")).map(|(table, ..)| *table).collect();
    let mut taken: Vec<_> = identity::RECORDS.iter().map(|records| records.table).collect();
    taken.sort_unstable();
    assert_eq!(promised, taken);
    for records in identity::RECORDS {
        let columns = TABLES.iter().find(|(table, ..)| *table == records.table).unwrap().2;
        assert!(records.left_out.iter().all(|column| columns.contains(column)), "{}", records.table);
    }
}

#[tokio::test]
async fn a_hold_elsewhere_keeps_the_login_though_its_place_there_has_ended() {
    let house = House::alone().await;
    let other = house.other_organization("Laboratório").await;
    let boss = house.access_token(&house.user("admin").await.email).await;
    let ana = house.user("agent").await;
    let there = house.member(&other, &ana.email, "agent").await;
    house
        .sql(format!(
            "update memberships set status = 'removed', held_at = now(), hold_reason = 'processo 17' where id = '{}'",
            there.membership_id
        ))
        .await;
    let path = format!("/api/users/{}/erase", ana.user_id);
    assert_eq!(house.call(Method::POST, &path, &boss, None).await.status, 202);
    house.work().await;
    assert_eq!(
        house.count(format!("select count(*) from users where id = '{}' and status = 'erased'", ana.user_id)).await,
        0
    );
    let kept = format!("select count(*) from person_keys where user_id = '{}' and key_sealed is null", ana.user_id);
    assert_eq!(house.count(kept).await, 0, "what is held can still be read");
    assert_eq!(house.count("select count(*) from erasures where done_at is not null".to_owned()).await, 1);
}
