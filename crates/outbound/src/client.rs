//! The one HTTP client.
//!
//! Behind it are two connection pools that differ only in the resolver: one for origins that the operator named, one
//! for everything else. So a connection that was opened with trust is never reused for a URL that has none.

use crate::call::{Answer, Call, CallError};
use crate::download::{self, Download, OpenDownload};
use crate::guard::{Guard, Refusal, Trust};
use crate::meter::Meter;
use crate::resolve::{Lookup, Resolver, SystemLookup};
use futures_util::StreamExt;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct OutboundSettings {
    /// Whether URLs that the operator did not name may use plain http.
    pub allow_http: bool,
    /// Ports of URLs that the operator did not name; empty means any.
    pub ports: Vec<u16>,
    /// Origins the operator named: any address, port and scheme.
    pub trusted_origins: Vec<Url>,
    /// From looking up the name to the end of the TLS handshake.
    pub connect_timeout: Duration,
    /// A whole call, answer included.
    pub call_timeout: Duration,
    /// A whole download.
    pub download_timeout: Duration,
    /// The largest answer of a call, after decompression, in bytes.
    pub max_answer_bytes: u64,
    /// How we call ourselves.
    pub user_agent: String,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allow_http: false,
            ports: vec![80, 443],
            trusted_origins: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(10),
            download_timeout: Duration::from_secs(60),
            max_answer_bytes: 1024 * 1024,
            user_agent: concat!("Balcao/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Settings that no client can be made from.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the trusted origin {url} cannot be used: {refusal}")]
    TrustedOrigin { url: String, refusal: Refusal },
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// The way out. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    guard: Guard,
    guarded: reqwest::Client,
    trusted: reqwest::Client,
    settings: OutboundSettings,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Outbound {
    /// A client that asks the operating system for names.
    pub fn new(settings: OutboundSettings) -> Result<Self, SettingsError> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    /// A client with another source of names: tests, or an operator's own resolver.
    pub fn with_lookup(settings: OutboundSettings, lookup: Arc<dyn Lookup>) -> Result<Self, SettingsError> {
        for url in &settings.trusted_origins {
            if let Err(refusal) = Guard::new(true, Vec::new(), std::slice::from_ref(url)) {
                let url = url.origin().ascii_serialization();
                return Err(SettingsError::TrustedOrigin { url, refusal });
            }
        }
        let guard = Guard::new(settings.allow_http, settings.ports.clone(), &settings.trusted_origins)
            .map_err(|refusal| SettingsError::Client(refusal.to_string()))?;
        let guarded = build_client(&settings, Resolver { lookup: lookup.clone(), guarded: true })?;
        let trusted = build_client(&settings, Resolver { lookup, guarded: false })?;
        Ok(Self(Arc::new(Inner { guard, guarded, trusted, settings })))
    }

    /// The rules for URLs, to judge one when it is typed in rather than when it is first called.
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// Makes the call and reads the answer up to the cap. Only 200..=299 is `Ok`.
    pub async fn call(&self, call: Call) -> Result<Answer, CallError> {
        let mut meter = Meter::start(call.purpose, call.url.host_str());
        let result = self.call_unmetered(call).await;
        meter.finish(result.as_ref().err());
        result
    }

    /// Fetches a whole body of at most `max_bytes` into memory, with its hash.
    pub async fn download(&self, call: Call, max_bytes: u64) -> Result<Download, CallError> {
        self.open_download(call, max_bytes).await?.collect().await
    }

    /// Opens a body as a stream that ends with an error at `max_bytes`; for bodies that go to a store while they come.
    pub async fn open_download(&self, call: Call, max_bytes: u64) -> Result<OpenDownload, CallError> {
        let mut meter = Meter::start(call.purpose, call.url.host_str());
        let opened = self.send(call, self.0.settings.download_timeout).await;
        match opened {
            Ok(response) if response.status().is_success() => OpenDownload::new(response, max_bytes, meter),
            Ok(response) => {
                let error = CallError::Status(Box::new(self.read_refusal(response).await));
                meter.finish(Some(&error));
                Err(error)
            }
            Err(error) => {
                meter.finish(Some(&error));
                Err(error)
            }
        }
    }

    async fn call_unmetered(&self, call: Call) -> Result<Answer, CallError> {
        let response = self.send(call, self.0.settings.call_timeout).await?;
        if !response.status().is_success() {
            return Err(CallError::Status(Box::new(self.read_refusal(response).await)));
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = download::read(response, self.0.settings.max_answer_bytes).await?;
        Ok(Answer { status, headers, body })
    }

    async fn send(&self, call: Call, timeout: Duration) -> Result<reqwest::Response, CallError> {
        let trust = self.0.guard.check(&call.url).map_err(CallError::Refused)?;
        let client = match trust {
            Trust::Operator => &self.0.trusted,
            Trust::Guarded => &self.0.guarded,
        };
        let mut request = client.request(call.method, call.url).headers(call.headers);
        request = request.timeout(call.timeout.unwrap_or(timeout));
        if let Some(body) = call.body {
            request = request.body(body);
        }
        request.send().await.map_err(CallError::from_client)
    }

    /// The body of an answer that is a refusal explains it; where it cannot be read, the status alone must do.
    async fn read_refusal(&self, response: reqwest::Response) -> Answer {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        let limit = usize::try_from(self.0.settings.max_answer_bytes).unwrap_or(usize::MAX);
        let mut chunks = response.bytes_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            let room = limit.saturating_sub(body.len());
            body.extend(chunk.iter().take(room));
            if chunk.len() >= room {
                break;
            }
        }
        Answer { status, headers, body: body.into() }
    }
}

fn build_client(settings: &OutboundSettings, resolver: Resolver) -> Result<reqwest::Client, SettingsError> {
    let resolver = Arc::new(resolver);
    match client_builder(settings, resolver.clone()).build() {
        Ok(client) => Ok(client),
        // A machine without any root certificate: serve anyway, with https failing closed, and say so.
        Err(error) => {
            tracing::warn!(error = %error, "no trusted root certificates found: every https request will be refused");
            client_builder(settings, resolver)
                .tls_certs_only([])
                .build()
                .map_err(|error| SettingsError::Client(error.to_string()))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes HTTP clients")]
fn client_builder(settings: &OutboundSettings, resolver: Arc<Resolver>) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .dns_resolver(resolver)
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.call_timeout)
        // Shorter than what servers and load balancers keep: fewer requests die on a connection that was just closed.
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(32)
        .tcp_keepalive(Duration::from_secs(30))
        .user_agent(settings.user_agent.clone())
}
