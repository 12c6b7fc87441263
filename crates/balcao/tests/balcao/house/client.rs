//! Plain HTTP, as any integration speaks it.

use super::seconds;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// A client with connections of its own and no proxy.
pub fn plain() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "the outside of the product: nothing here goes through its way out")]
    reqwest::Client::builder().no_proxy().timeout(seconds(30)).build().unwrap()
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    http: reqwest::Client,
    url: String,
    email: String,
    token: String,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// Seconds that the server asks to wait.
    pub retry_after: Option<u64>,
    pub replayed: bool,
}

/// Everybody's password here.
pub const PASSWORD: &str = "correct-horse-battery-9";

impl Person {
    /// Signs in.
    pub async fn login(url: &str, email: &str) -> Self {
        let mut person = Self { http: plain(), url: url.to_owned(), email: email.to_owned(), token: String::new() };
        person.login_again().await;
        person
    }

    /// Who bears this token or API key.
    pub fn bearing(url: &str, token: &str) -> Self {
        Self { http: plain(), url: url.to_owned(), email: String::new(), token: token.to_owned() }
    }

    /// Sends what must succeed, and reads the answer.
    pub async fn made(&self, method: Method, path: &str, body: &Value) -> Value {
        let answer = self.ask(method.clone(), path, Some(body)).await.unwrap();
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
        answer.body
    }

    /// Signs in anew, over restarts and busy password threads, for at most 90 s.
    pub async fn login_again(&mut self) {
        let body = json!({"email": self.email, "password": PASSWORD});
        self.token.clear();
        let answer = self.insist(Method::POST, "/api/auth/login", Some(&body), seconds(90)).await;
        assert_eq!(answer.status, 200, "login: {answer:?}");
        self.token = answer.body["access_token"].as_str().expect("a token").to_owned();
    }

    /// What proves who this is.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// One request; an error is one of the connection.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        self.ask_if(method, path, body, None).await
    }

    /// One request about the version that was read (`If-Match`).
    pub async fn ask_if(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        tag: Option<&str>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (retry_after, replayed) = (header("retry-after"), header("idempotency-replayed"));
        Ok(Answer {
            status: answer.status().as_u16(),
            retry_after: retry_after.and_then(|text| text.parse().ok()),
            replayed: replayed.as_deref() == Some("true"),
            body: serde_json::from_slice(&answer.bytes().await?).unwrap_or(Value::Null),
        })
    }

    /// The same request until it is neither lost, nor refused for a while, nor answered with an error of the server.
    pub async fn insist(&self, method: Method, path: &str, body: Option<&Value>, limit: Duration) -> Answer {
        let end = Instant::now() + limit;
        loop {
            let answer = self.ask(method.clone(), path, body).await;
            let wait = match &answer {
                Ok(answer) if answer.status == 429 => seconds(answer.retry_after.unwrap_or(1).min(10)),
                Ok(answer) if answer.status >= 500 => Duration::from_millis(100),
                Err(_) => Duration::from_millis(100),
                Ok(_) => return answer.unwrap(),
            };
            assert!(Instant::now() + wait < end, "{method} {path} not within {limit:?}: {answer:?}");
            tokio::time::sleep(wait).await;
        }
    }

    /// Reads something that must be there.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.insist(Method::GET, path, None, seconds(60)).await;
        assert_eq!(answer.status, 200, "GET {path}: {answer:?}");
        answer.body
    }

    /// All items of a list.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut next) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{glue}limit=100{next}")).await;
            items.extend(page["data"].as_array().expect("a list").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={}", escaped(cursor)),
                None => return items,
            }
        }
    }

    /// Replies in a conversation until the server says that it has the reply, new or stored before.
    pub async fn reply(&self, conversation: &str, client_id: &str, text: &str) -> Answer {
        let body = json!({"client_id": client_id, "segments": [{"type": "text", "text": text}]});
        let path = format!("/api/conversations/{conversation}/messages");
        self.insist(Method::POST, &path, Some(&body), seconds(180)).await
    }
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
        escaped
    })
}
