//! Calls of Meta's Graph API: the pure functions of `whatsapp` on one side, `outbound` on the other.

use crate::Channels;
use crate::accounts::Credentials;
use crate::connector::{ErrorClass, OutboundIntent, ProviderError, SendOutcome};
use crate::whatsapp::errors;
use crate::whatsapp::graph::{self, MediaLookup};
use kernel::Error;
use outbound::{Answer, Call, CallError, Delivery, HeaderMap, OpenDownload, Url};
use secrecy::SecretString;
use std::time::Duration;

/// How a look-up or download of a file failed.
#[derive(Debug)]
pub(crate) enum MediaError {
    /// Gone for good: its time at the provider is over.
    Gone,
    /// Will not work, however often it is tried.
    Final(String),
    /// May work later.
    Later(String),
    /// The account's credentials are refused.
    Auth,
}

/// Files of contacts are at most 100 MB at WhatsApp.
pub(crate) const MAX_MEDIA: u64 = 100 * 1024 * 1024;

impl Channels {
    /// Sends one message. Every way to fail is an outcome.
    pub(crate) async fn send_to_graph(
        &self,
        number: &str,
        token: &SecretString,
        intent: &OutboundIntent,
    ) -> SendOutcome {
        let body = match graph::send_body(intent) {
            Ok(body) => body,
            Err(error) => return refused(ErrorClass::Content, error.to_string()),
        };
        let path = graph::messages_path(&self.settings.graph_version, number);
        let call = self
            .graph_url(&path)
            .and_then(|url| Call::post_json("whatsapp_send", url, &body).map_err(Error::internal))
            .and_then(|call| authorized(call, token));
        let call = match call {
            Ok(call) => call,
            Err(error) => {
                return refused(ErrorClass::Auth, error.private().unwrap_or("the call cannot be made").to_owned());
            }
        };
        match self.outbound.call(call).await {
            Ok(answer) => graph::read_send_answer(answer.status.as_u16(), &answer.body, None),
            Err(CallError::Status(answer)) => {
                graph::read_send_answer(answer.status.as_u16(), &answer.body, wish(&answer.headers))
            }
            Err(error) if error.delivery() == Delivery::NotWritten => graph::never_sent(&error.to_string()),
            Err(error) => SendOutcome::Unclear { detail: error.to_string() },
        }
    }

    /// Whether the token may use the number, now.
    pub(crate) async fn ask_for_number(&self, number: &str, token: &SecretString) -> Credentials {
        let path = format!("/{}/{number}?fields=id,display_phone_number", self.settings.graph_version);
        let call = self.graph_url(&path).and_then(|url| authorized(Call::get("whatsapp_check", url), token));
        let Ok(call) = call else { return Credentials::Rejected };
        match self.outbound.call(call).await {
            Ok(_) => Credentials::Accepted,
            Err(CallError::Status(answer)) => {
                let error = errors::parse_body(answer.status.as_u16(), &answer.body);
                if error.class.retryable() { Credentials::Unknown } else { Credentials::Rejected }
            }
            Err(_) => Credentials::Unknown,
        }
    }

    /// Where a file of a contact can be fetched, for five minutes.
    pub(crate) async fn look_up_media(
        &self,
        number: &str,
        token: &SecretString,
        media_id: &str,
    ) -> Result<MediaLookup, MediaError> {
        let path = graph::media_path(&self.settings.graph_version, media_id, number);
        let call = self
            .graph_url(&path)
            .and_then(|url| authorized(Call::get("whatsapp_media", url), token))
            .map_err(|error| MediaError::Final(error.to_string()))?;
        let (status, body) = match self.outbound.call(call).await {
            Ok(Answer { status, body, .. }) => (status, body),
            Err(CallError::Status(answer)) => (answer.status, answer.body),
            Err(error) => return Err(MediaError::Later(error.to_string())),
        };
        graph::read_media_lookup(status.as_u16(), &body).map_err(|error| sort(&error))
    }

    /// Opens the file. The token goes to the provider's own host only.
    pub(crate) async fn open_media(&self, url: &str, token: &SecretString) -> Result<OpenDownload, MediaError> {
        let trusted = self.settings.graph_url.origin().ascii_serialization();
        if !graph::may_carry_token(url, &[&trusted]) {
            return Err(MediaError::Final("the file lies at a host that may not see the token".to_owned()));
        }
        let url = Url::parse(url).map_err(|_| MediaError::Final("the file's address cannot be read".to_owned()))?;
        let call = Call::get("whatsapp_media", url).bearer(token).map_err(|_| MediaError::Auth)?;
        match self.outbound.open_download(call, MAX_MEDIA).await {
            Ok(open) => Ok(open),
            Err(CallError::TooLarge { .. }) => Err(MediaError::Final("the file is larger than 100 MB".to_owned())),
            Err(CallError::Refused(refusal)) => Err(MediaError::Final(format!("refused: {refusal}"))),
            // A link lives five minutes: 404 means ask for a new one.
            Err(error) => Err(MediaError::Later(error.to_string())),
        }
    }

    fn graph_url(&self, path: &str) -> Result<Url, Error> {
        self.settings.graph_url.join(path).map_err(|error| Error::internal(format!("graph address: {error}")))
    }
}

fn authorized(call: Call, token: &SecretString) -> Result<Call, Error> {
    call.bearer(token).map_err(Error::internal)
}

fn sort(error: &ProviderError) -> MediaError {
    let detail = || error.detail.clone().or(error.title.clone()).unwrap_or_default();
    match error.class {
        _ if graph::media_is_gone(error) => MediaError::Gone,
        ErrorClass::Auth | ErrorClass::Account => MediaError::Auth,
        ErrorClass::Content | ErrorClass::Recipient => MediaError::Final(detail()),
        _ => MediaError::Later(detail()),
    }
}

fn refused(class: ErrorClass, detail: String) -> SendOutcome {
    SendOutcome::Rejected { class, code: None, detail, trace_id: None, retry_after: None }
}

fn wish(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    errors::retry_after(text("retry-after"), text("x-business-use-case-usage"))
}
