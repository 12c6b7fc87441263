//! Compression of answers that are worth it: texts of known length from 1 KiB on, not compressed already, and nothing
//! where a secret stands beside what a stranger wrote.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use std::io::{self, Write as _};

/// Shortest body worth the work.
const SHORTEST: u64 = 1_024;
/// Longer bodies are compressed on a thread that may block.
const LONG: u64 = 128 * 1_024;

/// A content coding of RFC 9110 that we write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// The better of those that the client takes; brotli before gzip.
    pub fn accepted(request: &HeaderMap) -> Option<Self> {
        let mut best = None;
        for value in request.get_all(header::ACCEPT_ENCODING) {
            for part in value.to_str().unwrap_or_default().split(',') {
                let mut words = part.split(';').map(str::trim);
                let coding = match words.next().unwrap_or_default() {
                    "br" => Self::Brotli,
                    "gzip" => Self::Gzip,
                    _ => continue,
                };
                let refused = words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
                if !refused && best != Some(Self::Brotli) {
                    best = Some(coding);
                }
            }
        }
        best
    }

    fn name(self) -> HeaderValue {
        match self {
            Self::Brotli => HeaderValue::from_static("br"),
            Self::Gzip => HeaderValue::from_static("gzip"),
        }
    }

    /// Quick levels: the wire is seldom the narrow place, the processor is.
    fn compress(self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let packed = Vec::with_capacity(plain.len() / 3);
        match self {
            Self::Brotli => {
                let mut writer = brotli::CompressorWriter::new(packed, 4_096, 3, 19);
                writer.write_all(plain)?;
                writer.flush()?;
                Ok(writer.into_inner())
            }
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(packed, flate2::Compression::new(3));
                writer.write_all(plain)?;
                writer.finish()
            }
        }
    }
}

/// The same answer, compressed where it is worth it and allowed. `secret`: the route's answers hold secrets.
pub(crate) async fn compress(mut response: Response, accepted: Option<Coding>, secret: bool) -> Response {
    let Some(length) = response.body().size_hint().exact() else { return response };
    if secret || length < SHORTEST || !is_worth_it(response.status(), response.headers()) {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let Some(coding) = accepted else { return response };
    let (mut parts, body) = response.into_parts();
    let Ok(plain) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        // A body of known length is in memory and cannot break off.
        return Response::from_parts(parts, Body::empty());
    };
    let packed = pack(coding, plain.clone(), length).await;
    let Some(packed) = packed.filter(|packed| packed.len() < plain.len()) else {
        return Response::from_parts(parts, Body::from(plain));
    };
    parts.headers.insert(header::CONTENT_ENCODING, coding.name());
    parts.headers.remove(header::CONTENT_LENGTH);
    // The ETag stays: it names the version of the thing, for If-Match, and no ranges are served of such answers.
    Response::from_parts(parts, Body::from(packed))
}

async fn pack(coding: Coding, plain: Bytes, length: u64) -> Option<Vec<u8>> {
    if length < LONG {
        return coding.compress(&plain).ok();
    }
    tokio::task::spawn_blocking(move || coding.compress(&plain)).await.ok()?.ok()
}

fn is_worth_it(status: StatusCode, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    if status == StatusCode::PARTIAL_CONTENT
        || headers.contains_key(header::CONTENT_ENCODING)
        || text(header::CACHE_CONTROL).contains("no-transform")
    {
        return false;
    }
    let essence = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/") && essence != "text/event-stream"
        || essence.ends_with("+json")
        || matches!(essence, "application/json" | "application/javascript" | "image/svg+xml")
}

#[cfg(test)]
mod tests {
    use super::Coding;
    use http::{HeaderMap, header};

    #[test]
    fn the_clients_wish_is_read() {
        let cases = [
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("br;q=0, gzip;q=0.5", Some(Coding::Gzip)),
            ("gzip", Some(Coding::Gzip)),
            ("identity", None),
            ("gzip;q=0", None),
            ("", None),
        ];
        for (wish, coding) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, wish.parse().unwrap());
            assert_eq!(Coding::accepted(&headers), coding, "{wish}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), None);
    }
}
