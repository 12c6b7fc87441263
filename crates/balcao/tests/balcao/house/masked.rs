//! Whoever may not see how people are reached sees it nowhere: not in what any operation answers, not by the socket, not
//! in an export, the history or the audit. By a role without the permission and by a key that masks.

use super::client::{Answer, Person, plain};
use super::isolation::operations::{Operation, operations};
use super::ledger::drained;
use super::server::{ALL_ROLES, Server};
use super::socket::Socket;
use super::world::{Organization, graph, meta, now, number};
use super::{seconds, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::graph::webhook;
use uuid::Uuid;

/// How the two patients are reached, in any way of writing it. None of it stands in the description's examples.
const SECRETS: [&str; 6] =
    ["988887766", "98888-7766", "977776655", "97777-6655", "marina@segredo.example", "segredo.example"];

/// Everything that looks or works, but nothing that shows the values.
const MASKED: [&str; 13] = [
    "audit.export",
    "audit.view",
    "channels.view",
    "contacts.update",
    "contacts.view",
    "messaging.assign",
    "messaging.export",
    "messaging.reply",
    "organization.view",
    "roles.view",
    "service_accounts.view",
    "units.view",
    "users.view",
];

struct Clinic {
    server: Server,
    house: Organization,
    boss: Person,
    /// The thread of Marina; the other patient has no name but the number.
    ids: BTreeMap<&'static str, Uuid>,
}

impl Clinic {
    async fn open() -> Self {
        let graph = graph(&[number()]).await;
        let limits = [
            "BALCAO_LIMITS_READING",
            "BALCAO_LIMITS_WRITING",
            "BALCAO_LIMITS_PEOPLE",
            "BALCAO_LIMITS_ORGANIZATION",
            "BALCAO_LIMITS_SENDING",
        ];
        let mut server = limits.iter().fold(Server::new(&graph.url()), |server, name| server.with(name, "off"));
        server.serve(ALL_ROLES);
        server.ready().await;
        let house = Organization::create(&server, "casa-a", &number()).await;
        let boss = house.person(&server, "ana", "admin").await;
        let mut clinic = Self { server, house, boss, ids: BTreeMap::new() };
        clinic.patients_write(1).await;
        drained(&clinic.server, seconds(60)).await;
        let mut sql = clinic.server.sql().await;
        sqlx::query(
            "insert into contact_identities (id, organization_id, contact_id, address_id, kind, value, match_key, raw, trust, first_seen, last_seen)
             select gen_random_uuid(), k.organization_id, k.id, gen_random_uuid(), 'email', 'marina@segredo.example',
               'marina@segredo.example', 'marina@segredo.example', 'verified', now(), now()
             from contacts k where k.profile_name = 'Marina Exemplo'",
        )
        .execute(&mut sql)
        .await
        .unwrap();
        for (kind, query) in [
            (
                "conversation_id",
                "select c.id from conversations c join contacts k on k.id = c.contact_id where k.profile_name = 'Marina Exemplo'",
            ),
            (
                "message_id",
                "select m.id from messages m join contacts k on k.id = m.sender_id where k.profile_name = 'Marina Exemplo'",
            ),
            ("contact_id", "select id from contacts where profile_name = 'Marina Exemplo'"),
            ("user_id", "select id from users where email_norm = 'ana@casa-a.example'"),
            ("channel_account_id", "select id from channel_accounts"),
            ("audit_entry_id", "select id from audit_entries order by seq desc limit 1"),
        ] {
            clinic.ids.insert(kind, sqlx::query_scalar(query).fetch_one(&mut sql).await.unwrap());
        }
        clinic
    }

    async fn patients_write(&self, number: u8) {
        for (phone, name) in [("5511988887766", "Marina Exemplo"), ("5511977776655", "5511977776655")] {
            let patient = webhook::Person::with_phone(phone, name);
            let id = format!("wamid.{}.{number}", &name[..3]);
            let body = webhook::text(&self.house.number, &patient, &id, now(), &format!("Mensagem {number}"));
            assert_eq!(meta(&self.server).post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
        }
    }

    /// Somebody with a role that shows no values, and a key that masks what its role shows.
    async fn masked(&self) -> [(&'static str, Person); 2] {
        let role = json!({ "name": "mascarado", "permissions": MASKED });
        let role = self.boss.made(Method::POST, "/api/roles", &role).await["id"].as_str().expect("an id").to_owned();
        let person = self.house.person(&self.server, "caio", "user").await;
        let id = person.get("/api/me").await["id"].clone();
        self.give(&role, &json!({ "type": "user", "id": id })).await;
        let account = self.boss.made(Method::POST, "/api/service-accounts", &json!({ "name": "Robô" })).await;
        let roles = self.boss.get("/api/roles").await;
        let manager = roles["data"].as_array().expect("roles").iter().find(|role| role["name"] == "manager").unwrap();
        self.give(manager["id"].as_str().unwrap(), &json!({ "type": "service_account", "id": account["id"] })).await;
        let path = format!("/api/service-accounts/{}/keys", account["id"].as_str().unwrap());
        let wish = json!({ "scopes": manager["effective_permissions"], "masks": ["contact_pii"] });
        let secret = self.boss.made(Method::POST, &path, &wish).await["secret"].as_str().expect("a secret").to_owned();
        [("a masked role", person), ("a masking key", Person::bearing(&self.server.url(), &secret))]
    }

    async fn give(&self, role: &str, principal: &Value) {
        let body = json!({ "principal": principal, "scope_type": "organization" });
        self.boss.made(Method::POST, &format!("/api/roles/{role}/assign"), &body).await;
    }

    fn thread(&self) -> String {
        format!("/api/conversations/{}", self.ids["conversation_id"])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_21_a_masked_role_sees_no_phone_or_e_mail_in_any_answer_frame_export_or_history() {
    let mut clinic = Clinic::open().await;
    let masked = clinic.masked().await;
    // The values are there to be seen.
    assert_eq!(hidden(&clinic.boss.get(&clinic.thread()).await.to_string()), Some("988887766"));
    let operations = operations(&clinic.boss.get("/api/openapi.json").await);
    let mut sockets = Vec::new();
    for (name, who) in &masked {
        let mut socket = Socket::connect(&clinic.server.url(), who.token()).await;
        let rooms = json!({ "rooms": ["inbox", format!("conversation:{}", clinic.ids["conversation_id"])] });
        let joined = socket.call("subscribe", &rooms).await;
        assert!(joined["rooms"].as_array().expect("rooms").iter().all(|room| room["ok"] == true), "{name}: {joined}");
        sockets.push((*name, socket));
    }
    clinic.patients_write(2).await;
    for (name, who) in &masked {
        answers(&clinic, &operations, name, who).await;
        looked_up(name, who).await;
    }
    form(&clinic, &masked[0].1).await;
    exports(&clinic, &masked[0].1).await;
    for (name, mut socket) in sockets {
        socket.until("both patients", |event| event.to_string().contains("Mensagem 2")).await;
        let claim = json!({ "conversation_id": clinic.ids["conversation_id"] });
        let claimed = socket.call("claim", &claim).await;
        let cursor = socket.hello()["cursor"].clone();
        let missed = socket.call("sync", &json!({ "cursor": cursor, "rooms": ["inbox"] })).await;
        assert!(missed["events"].to_string().contains("Mensagem 2"), "{name}: {missed}");
        let told = json!([socket.heard, claimed, missed]).to_string();
        assert_eq!(hidden(&told), None, "{name}: {told}");
    }
    clinic.server.stop().await;
}

/// Every operation that looks, and those that answer with what they changed.
async fn answers(clinic: &Clinic, operations: &[Operation], name: &str, who: &Person) {
    let mut shown = 0;
    let history = format!("/api/history?resource_type=conversation&resource_id={}", clinic.ids["conversation_id"]);
    let contact = format!("/api/history?resource_type=contact&resource_id={}", clinic.ids["contact_id"]);
    for path in [history, contact, "/api/sync?rooms=inbox".to_owned()] {
        no_secret(name, &path, &who.ask(Method::GET, &path, None).await.unwrap());
    }
    for operation in operations {
        let area = operation.permission.split('.').next().unwrap_or_default();
        if !operation.looks() && !["messaging", "contacts"].contains(&area) {
            continue;
        }
        let answer = operation.ask(who, &clinic.ids).await;
        no_secret(name, &operation.name(), &answer);
        shown += usize::from(answer.status < 300);
    }
    assert!(shown >= 15, "{name}: {shown} answers");
    let list = who.get("/api/conversations").await;
    let cards: Vec<&Value> = list["data"].as_array().expect("threads").iter().map(|one| &one["contact"]).collect();
    assert_eq!(cards.len(), 2, "{list}");
    for card in cards {
        assert!(card["masked_fields"].as_array().expect("fields").contains(&json!("address")), "{name}: {card}");
        let address = card["address"].as_str().expect("a mask");
        assert!(address.starts_with("+55 11 *****-**"), "{name}: {address}");
    }
}

/// A whole value finds its contact and shows it masked; a part is refused.
async fn looked_up(name: &str, who: &Person) {
    let path = "/api/contacts/lookup";
    for whole in [json!({ "phone": "+55 11 98888-7766" }), json!({ "email": "marina@segredo.example" })] {
        let found = who.ask(Method::POST, path, Some(&whole)).await.unwrap();
        assert_eq!(
            (found.status, &found.body["data"][0]["name"]),
            (200, &json!("Marina Exemplo")),
            "{name}: {found:?}"
        );
        no_secret(name, path, &found);
    }
    for part in [json!({ "phone": "98888" }), json!({ "phone": "7766" }), json!({ "email": "@segredo.example" })] {
        assert_eq!(who.ask(Method::POST, path, Some(&part)).await.unwrap().status, 422, "{name}: {part}");
    }
    // A list knows no way to search or sort by them.
    for query in ["q=98888", "phone=98888", "sort=address", "sort=contact.address"] {
        let answer = who.ask(Method::GET, &format!("/api/conversations?{query}"), None).await.unwrap();
        assert!([400, 422].contains(&answer.status), "{name}: {query}: {answer:?}");
    }
}

/// An opened form is saved as it was shown: nothing of the contact changes, and a mask is no value.
async fn form(clinic: &Clinic, who: &Person) {
    let stored = async || {
        let mut sql = clinic.server.sql().await;
        let all = "select coalesce(string_agg(line, '|' order by line), '') from (
           select (to_jsonb(k) - 'updated_at')::text as line from contacts k
           union all select (to_jsonb(i) - 'last_seen')::text from contact_identities i) lines";
        let text: String = sqlx::query_scalar(all).fetch_one(&mut sql).await.unwrap();
        text
    };
    let (before, path) = (stored().await, clinic.thread());
    let opened = who.get(&path).await;
    let tag = format!("\"v{}\"", opened["version"]);
    let fields = ["priority", "subject", "summary", "language"];
    let same: serde_json::Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), opened[field].clone())).collect();
    let saved = who.ask_if(Method::PATCH, &path, Some(&json!(same)), Some(&tag)).await.unwrap();
    assert_eq!((saved.status, &saved.body["version"]), (200, &opened["version"]), "{saved:?}");
    let whole = who.ask_if(Method::PATCH, &path, Some(&opened), Some(&tag)).await.unwrap();
    assert_eq!(whole.status, 422, "{whole:?}");
    assert_eq!(stored().await, before);
}

/// The audit's export holds what its list holds; the archive of everything is not for those who see masks.
async fn exports(clinic: &Clinic, who: &Person) {
    let made = who.made(Method::POST, "/api/audit/exports", &json!({ "format": "jsonl" })).await;
    let path = format!("/api/audit/exports/{}", made["id"].as_str().expect("an id"));
    until("the export is ready", seconds(30), async || (who.get(&path).await["state"] == "ready").then_some(())).await;
    let file =
        plain().get(format!("{}{path}/file", clinic.server.url())).bearer_auth(who.token()).send().await.unwrap();
    assert_eq!(file.status(), 200);
    let file = String::from_utf8_lossy(&file.bytes().await.unwrap()).into_owned();
    assert!(file.lines().count() > 3, "{file}");
    assert_eq!(hidden(&file), None);
    let archive = who.ask(Method::POST, "/api/organization/export", None).await.unwrap();
    assert_eq!(archive.status, 403, "{archive:?}");
}

fn no_secret(name: &str, what: &str, answer: &Answer) {
    assert_eq!(hidden(&answer.body.to_string()), None, "{name}: {what}: {answer:?}");
}

fn hidden(text: &str) -> Option<&'static str> {
    SECRETS.into_iter().find(|secret| text.contains(secret))
}
