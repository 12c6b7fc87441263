//! Requests of the OpenID Connect library, carried by the house's one way out.

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use openidconnect::{HttpRequest, HttpResponse};
use outbound::{Answer, Call, CallError, Outbound};
use url::Url;

/// Judges addresses, follows no redirects, reads no more than it should.
#[derive(Clone)]
pub struct Carrier(pub Outbound);

impl Carrier {
    pub async fn carry(self, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| CallError::Invalid("the address is no URL"))?;
        let mut call = Call::new("oidc", parts.method, url);
        if !body.is_empty() {
            let kind = parts.headers.get(CONTENT_TYPE).cloned();
            call = call.body(kind.unwrap_or(HeaderValue::from_static("application/x-www-form-urlencoded")), body);
        }
        for (name, value) in &parts.headers {
            call = call.header(name.clone(), value.clone());
        }
        let answer = match self.0.call(call).await {
            Ok(answer) => answer,
            // What a refusal says is for the library to read.
            Err(CallError::Status(answer)) => *answer,
            Err(error) => return Err(error),
        };
        response_of(answer)
    }
}

fn response_of(answer: Answer) -> Result<HttpResponse, CallError> {
    let mut response = http::Response::new(answer.body.to_vec());
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}
