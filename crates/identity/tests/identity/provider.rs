//! A real OpenID provider (the npm package `oidc-provider`, certified) as a process of its own, and a browser that walks
//! through its pages.

use http::{HeaderName, HeaderValue, StatusCode, header};
use outbound::{Answer, Call, CallError, Method, Outbound, OutboundSettings, Url};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub const CLIENT_ID: &str = "balcao";
pub const CLIENT_SECRET: &str = "a-secret-that-nobody-sees-again";

/// Runs until it is dropped.
pub struct Provider {
    pub issuer: String,
    child: Child,
}

impl Provider {
    /// With one client.
    pub fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e");
        assert!(folder.join("node_modules/oidc-provider").exists(), "npm ci in e2e/; `cargo xtask test` does it");
        let mut child = Command::new("node")
            .arg(folder.join("oidc.mjs"))
            .args([CLIENT_ID, CLIENT_SECRET])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut issuer).unwrap();
        let issuer = issuer.trim().to_owned();
        assert!(issuer.starts_with("http://127.0.0.1:"), "{issuer:?}");
        Self { issuer, child }
    }

    /// Makes somebody known there, with these claims.
    pub async fn person(&self, subject: &str, claims: &Value) {
        self.put(&format!("people/{subject}"), claims).await;
    }

    /// Lets people be sent back to this address.
    pub async fn redirect(&self, url: &str) {
        self.put("redirects", &Value::from(url)).await;
    }

    async fn put(&self, path: &str, body: &Value) {
        let url = Url::parse(&format!("{}/{path}", self.issuer)).unwrap();
        let json = HeaderValue::from_static("application/json");
        self.way_out().call(Call::new("test", Method::PUT, url).body(json, body.to_string())).await.unwrap();
    }

    /// A client that may reach this provider although it is on this machine.
    pub fn way_out(&self) -> Outbound {
        let trusted_origins = vec![Url::parse(&self.issuer).unwrap()];
        Outbound::new(OutboundSettings { trusted_origins, ..OutboundSettings::default() }).unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Goes from the authorization URL through the provider's forms as `subject`; where it sends the browser at last.
pub async fn walk(provider: &Provider, authorization: &str, subject: &str) -> Url {
    let (way_out, mut cookies) = (provider.way_out(), BTreeMap::new());
    let mut at = Url::parse(authorization).unwrap();
    let mut form: Option<String> = None;
    for _ in 0..20 {
        if at.origin() != Url::parse(&provider.issuer).unwrap().origin() {
            return at;
        }
        let answer = visit(&way_out, &at, &mut cookies, form.take()).await;
        if answer.status == StatusCode::SEE_OTHER || answer.status == StatusCode::FOUND {
            at = at.join(answer.headers[header::LOCATION].to_str().unwrap()).unwrap();
            continue;
        }
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, StatusCode::OK, "{at}: {page}");
        let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        at = at.join(action).unwrap();
        let login = page.contains("name=\"login\"");
        form =
            Some(if login { format!("prompt=login&login={subject}&password=x") } else { "prompt=consent".to_owned() });
    }
    panic!("the provider asks and asks; last at {at}");
}

async fn visit(way_out: &Outbound, at: &Url, cookies: &mut BTreeMap<String, String>, form: Option<String>) -> Answer {
    let mut call = match form {
        Some(form) => Call::new("test", Method::POST, at.clone())
            .body(HeaderValue::from_static("application/x-www-form-urlencoded"), form),
        None => Call::get("test", at.clone()),
    };
    let sent: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if !sent.is_empty() {
        call = call.header(header::COOKIE, HeaderValue::from_str(&sent.join("; ")).unwrap());
    }
    let answer = match way_out.call(call).await {
        Ok(answer) => answer,
        Err(CallError::Status(answer)) => *answer,
        Err(error) => panic!("{at}: {error}"),
    };
    for set in answer.headers.get_all(HeaderName::from_static("set-cookie")) {
        let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
        cookies.insert(name.to_owned(), value.to_owned());
    }
    answer
}
