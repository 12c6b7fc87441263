//! Canaries: what lets somebody in was used, and is found in no log, event, entry of the audit or other row.

use super::client::{PASSWORD, Person, plain};
use super::server::{ALL_ROLES, Server};
use super::world::{Organization, graph, number};
use super::{seconds, until};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};

const WRONG: &str = "errada-mesmo-assim";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_09_no_link_token_key_or_password_is_found_in_the_log_or_the_database() {
    let graph = graph(&[number()]).await;
    let mut server = Server::new(&graph.url()).with("BALCAO_LOG", "debug");
    server.serve(ALL_ROLES);
    server.ready().await;
    let house = Organization::create(&server, "casa-a", &number()).await;
    let boss = house.person(&server, "ana", "admin").await;
    let mut secrets = vec![PASSWORD.to_owned(), WRONG.to_owned(), boss.token().to_owned()];
    let post = async |path: &str, body: Value| -> (u16, Value) {
        let answer = plain().post(format!("{}{path}", server.url())).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    };
    let email = "ana@casa-a.example";
    assert_eq!(post("/api/auth/login", json!({ "email": email, "password": WRONG })).await.0, 401);
    for path in ["/api/auth/magic-link", "/api/auth/magic-link", "/api/auth/password/forgot"] {
        assert_eq!(post(path, json!({ "email": email })).await.0, 202, "{path}");
    }
    let links = until("the letters are written", seconds(30), async || {
        let links = links(&server);
        (links.len() >= 3).then_some(links)
    })
    .await;
    let mut entered = Vec::new();
    for link in &links {
        let (status, answer) = post("/api/auth/magic-link/exchange", json!({ "token": link })).await;
        if status == 200 {
            entered.push(answer);
        }
    }
    secrets.extend(links);
    let [entered] = entered.as_slice() else { panic!("{} links work", entered.len()) };
    let refreshed = post("/api/auth/refresh", json!({ "refresh_token": entered["refresh_token"] })).await.1;
    for (answer, member) in [
        (entered, "access_token"),
        (entered, "refresh_token"),
        (&refreshed, "access_token"),
        (&refreshed, "refresh_token"),
    ] {
        secrets.push(answer[member].as_str().expect("a token").to_owned());
    }
    secrets.extend(made(&boss).await);
    // What somebody puts into an address is not written down either.
    boss.ask(Method::GET, "/api/users/me?token=tira-teima-1", None).await.unwrap();
    secrets.push("tira-teima-1".to_owned());

    let (log, rows) = (server.last_words(usize::MAX), everything(&mut server.sql().await).await);
    assert!(log.contains("/api/auth/magic-link/exchange") && rows.contains("auth.magic_link_exchanged"));
    for secret in &secrets {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(secret.len() >= 12 && !log.contains(secret.as_str()), "{secret} lies in the log");
        assert!(!rows.contains(secret.as_str()) && !rows.contains(&hex), "{secret} lies in the database");
    }
    server.stop().await;
}

/// A key and the seed of a second factor, each shown once.
async fn made(boss: &Person) -> Vec<String> {
    let account = boss.made(Method::POST, "/api/service-accounts", &json!({ "name": "Robô" })).await;
    let roles = boss.get("/api/roles").await;
    let agent = roles["data"].as_array().expect("roles").iter().find(|role| role["name"] == "agent").unwrap();
    let principal = json!({ "type": "service_account", "id": account["id"] });
    let path = format!("/api/roles/{}/assign", agent["id"].as_str().unwrap());
    boss.made(Method::POST, &path, &json!({ "principal": principal, "scope_type": "organization" })).await;
    let path = format!("/api/service-accounts/{}/keys", account["id"].as_str().unwrap());
    let key = boss.made(Method::POST, &path, &json!({ "scopes": ["messaging.view"] })).await;
    let seed = boss.made(Method::POST, "/api/me/mfa/totp", &json!({})).await;
    [&key["secret"], &seed["secret"]].map(|secret| secret.as_str().expect("a secret").to_owned()).to_vec()
}

/// The tokens of the links in all letters.
fn links(server: &Server) -> Vec<String> {
    let letters = std::fs::read_dir(server.data_dir().join("mail")).into_iter().flatten().flatten();
    let token = |letter: std::fs::DirEntry| {
        let text = std::fs::read_to_string(letter.path()).ok()?.replace("=\r\n", "").replace("=\n", "");
        let link = text.split("/link/").nth(1)?.split_once('#')?.1;
        let end = link.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(link.len());
        Some(link[..end].to_owned()).filter(|token| token.len() >= 43)
    };
    letters.filter_map(token).collect()
}

/// Every row of every table as text.
async fn everything(sql: &mut PgConnection) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and not c.relispartition",
    )
    .fetch_all(&mut *sql)
    .await
    .unwrap();
    let mut all = String::new();
    for table in tables {
        let query = AssertSqlSafe(format!("select t::text from public.{table} t"));
        let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut *sql).await.unwrap();
        all.push_str(&rows.join("\n"));
    }
    all
}
