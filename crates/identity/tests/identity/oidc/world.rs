//! A house with a real provider beside it, and browsers that go between the two.

use crate::harness::{Answer, House, no_limits, quick, unique};
use crate::provider::{CLIENT_ID, CLIENT_SECRET, Provider, walk};
use http::Method;
use identity::{Organization, PlatformProvider, Settings};
use kernel::Clock;
use outbound::Url;
use secrecy::SecretString;
use serde_json::{Value, json};

pub const ISSUER: &str = "http://localhost:8080";

/// A house with a real provider beside it; the clocks of both agree.
pub struct World {
    pub house: House,
    pub provider: Provider,
    /// A domain that the organization proved its own.
    pub domain: String,
}

/// A browser: what it keeps between requests.
#[derive(Default)]
pub struct Browser {
    pub cookie: Option<String>,
}

impl World {
    pub async fn new() -> Self {
        let provider = Provider::start();
        let settings = Settings {
            issuer: ISSUER.to_owned(),
            outbound: Some(provider.way_out()),
            providers: vec![PlatformProvider {
                key: "main".to_owned(),
                name: "Main".to_owned(),
                issuer: provider.issuer.clone(),
                client_id: CLIENT_ID.to_owned(),
                client_secret: SecretString::from(CLIENT_SECRET.to_owned()),
            }],
            ..quick()
        };
        let house = House::with(settings, no_limits()).await;
        house.clock.set(Clock::system().now());
        let domain = format!("{}.example", unique("clinica"));
        let world = Self { house, provider, domain };
        world.provider.redirect(&format!("{ISSUER}/api/auth/oidc/main/callback")).await;
        world.proves(&world.house.organization, &world.domain).await;
        world.own_provider().await;
        world
    }

    /// The organization's own provider is the same one.
    pub async fn own_provider(&self) {
        let token = self.admin_token().await;
        let body = json!({
            "name": "Contas da clínica", "issuer": self.provider.issuer, "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET, "domains": [self.domain], "jit": true, "default_role": "user",
            "group_role_map": { "recepcao": "agent", "chefia": "supervisor" },
        });
        let added = self.bearer(Method::POST, "/api/identity-providers", &token, Some(&body)).await;
        assert_eq!(added.status, 201, "{}", added.body);
        assert!(!added.body.to_string().contains(CLIENT_SECRET));
        self.provider.redirect(&added.text("callback_url")).await;
    }

    pub async fn own_id(&self) -> String {
        let token = self.admin_token().await;
        let listed = self.house.get("/api/identity-providers", &token).await.ok();
        listed.body["data"][0]["id"].as_str().unwrap().to_owned()
    }

    pub async fn proves(&self, organization: &Organization, domain: &str) {
        let id = uuid::Uuid::from_u128(u128::from(rand_bits()) << 64 | u128::from(rand_bits()));
        self.house
            .sql(format!(
                "insert into organization_domains (id, organization_id, domain, purposes, verification_token, verified_at, created_at)
                 values ('{id}', '{}', '{domain}', '{{sign_in}}', 'x', now(), now())",
                organization.id
            ))
            .await;
    }

    pub async fn admin_token(&self) -> String {
        let admin = self.house.user("admin").await;
        self.house.access_token(&admin.email).await
    }

    pub async fn bearer(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        self.house.send(method, path, &[("authorization", &format!("Bearer {token}"))], body).await
    }

    /// Somebody with an account there.
    pub async fn person(&self, email: &str, verified: bool, groups: &[&str]) -> String {
        let subject = unique("sub");
        let claims = json!({ "email": email, "email_verified": verified, "name": "Ana Souza", "groups": groups });
        self.provider.person(&subject, &claims).await;
        subject
    }

    /// Where the product sends the browser first.
    pub async fn start(&self, browser: &mut Browser, provider: &str) -> String {
        let answer = browser.get(&self.house, &format!("/api/auth/oidc/{provider}/start?return_to=/entrar")).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.header("location").to_owned()
    }

    /// There and back: the page that the browser lands on.
    pub async fn round(&self, browser: &mut Browser, provider: &str, subject: &str) -> Url {
        let there = self.start(browser, provider).await;
        let back = walk(&self.provider, &there, subject).await;
        let answer = browser.get(&self.house, &path_of(&back)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        Url::parse(answer.header("location")).unwrap()
    }

    pub async fn exchange(&self, browser: &Browser, code: &str) -> Answer {
        browser.post(&self.house, "/api/auth/oidc/exchange", &json!({ "code": code })).await
    }

    /// The whole way; the answer of the exchange.
    pub async fn sign_in(&self, provider: &str, subject: &str) -> Answer {
        let mut browser = Browser::default();
        let page = self.round(&mut browser, provider, subject).await;
        self.exchange(&browser, &code_of(&page)).await
    }

    /// The way ends with a reason instead of a code.
    pub async fn refused(&self, provider: &str, subject: &str, code: &str) {
        let page = self.round(&mut Browser::default(), provider, subject).await;
        assert_eq!(page.fragment(), Some(format!("error={code}").as_str()), "{page}");
    }

    pub async fn sessions_of(&self, email: &str) -> i64 {
        let statement =
            format!("select count(*) from sessions s join users u on u.id = s.user_id where u.email_norm = '{email}'");
        self.house.count(statement).await
    }
}

impl Browser {
    pub async fn get(&mut self, house: &House, path: &str) -> Answer {
        let cookie = self.cookie.clone().unwrap_or_default();
        let answer = house.send(Method::GET, path, &[("cookie", &cookie)], None).await;
        self.keep(&answer);
        answer
    }

    pub async fn post(&self, house: &House, path: &str, body: &Value) -> Answer {
        let cookie = self.cookie.clone().unwrap_or_default();
        house.send(Method::POST, path, &[("cookie", &cookie)], Some(body)).await
    }

    pub fn keep(&mut self, answer: &Answer) {
        let set = answer.header("set-cookie").to_owned();
        if let Some(pair) = set.split(';').next().filter(|pair| pair.contains("balcao_oidc=")) {
            for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
                assert!(set.contains(part), "{set}");
            }
            self.cookie = Some(pair.to_owned());
        }
    }
}

pub fn path_of(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

pub fn code_of(page: &Url) -> String {
    assert!(page.as_str().starts_with(&format!("{ISSUER}/entrar#")), "{page}");
    page.fragment().and_then(|fragment| fragment.strip_prefix("oidc_code=")).expect("a code").to_owned()
}

/// The URL with one query parameter replaced.
pub fn with(url: &str, name: &str, value: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    let kept: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut pairs = url.query_pairs_mut();
    pairs.clear();
    for (key, old) in &kept {
        pairs.append_pair(key, if key == name { value } else { old });
    }
    drop(pairs);
    url.into()
}

pub fn rand_bits() -> u64 {
    let mut bytes = [0; 8];
    kernel::Ids::system().fill(&mut bytes);
    u64::from_le_bytes(bytes) >> 2
}
