//! Looking up TXT records, by the system's resolver or by whatever a test puts in its place.

use futures_util::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use kernel::{Error, ErrorKind};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long one server is waited for.
const TIMEOUT: Duration = Duration::from_secs(3);

type Lookup = dyn Fn(String) -> BoxFuture<'static, Result<Vec<String>, Error>> + Send + Sync;

/// Answers the TXT records of a name: none where there are none. Cheap to clone.
#[derive(Clone)]
pub struct TxtLookup(Arc<Lookup>);

impl TxtLookup {
    pub fn new(
        lookup: impl Fn(String) -> BoxFuture<'static, Result<Vec<String>, Error>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(lookup))
    }

    /// The servers that the system names (`/etc/resolv.conf`), read again at each lookup: there are few.
    pub fn system() -> Self {
        Self::new(|name| Box::pin(ask(name)))
    }

    /// # Errors
    /// 503 `DNS_UNAVAILABLE` when nobody answers.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, Error> {
        (self.0)(name.to_owned()).await
    }
}

impl fmt::Debug for TxtLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TxtLookup")
    }
}

async fn ask(name: String) -> Result<Vec<String>, Error> {
    let mut builder = TokioResolver::builder_tokio().map_err(unavailable)?;
    let options = builder.options_mut();
    (options.timeout, options.attempts, options.cache_size) = (TIMEOUT, 2, 0);
    let resolver = builder.build().map_err(unavailable)?;
    // With the dot at the end it is the whole name: no search list.
    match resolver.txt_lookup(format!("{name}.")).await {
        Ok(found) => Ok(found.answers().iter().filter_map(|record| text(&record.data)).collect()),
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
        Err(error) => Err(unavailable(error)),
    }
}

/// A record's strings are one text (RFC 7208, 3.3, says so for mail; others follow).
fn text(data: &RData) -> Option<String> {
    let RData::TXT(txt) = data else { return None };
    Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect())
}

fn unavailable(error: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Unavailable, "DNS_UNAVAILABLE", "The name servers do not answer; try again.")
        .with_private(error)
        .with_retry_after_ms(30_000)
}
