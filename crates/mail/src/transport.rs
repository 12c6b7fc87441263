//! The ways out: an SMTP server, or a folder.

use crate::letter::Letter;
use crate::outcome::SendError;
use crate::render::render;
use chrono::{DateTime, Utc};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Where letters go.
#[derive(Clone, Debug)]
pub enum Way {
    /// `smtp://user:password@host:587?tls=required`, `smtps://host`, `smtp://localhost:25`. Make it with [`Way::smtp`].
    Smtp(SecretString),
    /// One `.eml` file a letter, readable by the owner alone; made if missing.
    Folder(PathBuf),
}

impl Way {
    /// # Errors
    /// When the address cannot be read.
    pub fn smtp(url: &str) -> Result<Self, SettingsError> {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| SettingsError::Url)?;
        Ok(Self::Smtp(SecretString::from(url)))
    }
}

/// Whom letters come from.
#[derive(Clone, Debug)]
pub struct Sender(Mailbox);

impl FromStr for Sender {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        text.parse().map(Self).map_err(|_| SettingsError::From)
    }
}

/// How letters are sent.
#[derive(Clone, Debug)]
pub struct Settings {
    pub way: Way,
    pub from: Sender,
    /// Longest time that one letter may take, from the connection to the server's last answer.
    pub timeout: Duration,
}

/// What is wrong with [`Settings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("must be an address such as Balcao <no-reply@desk.example>")]
    From,
    #[error("must be an address such as smtp://user:password@host:587?tls=required or smtps://host")]
    Url,
}

/// Sends letters. Cheap to clone; connections to the server are kept and shared.
#[derive(Clone)]
pub struct Mailer(Arc<Parts>);

struct Parts {
    out: Out,
    from: Mailbox,
    timeout: Duration,
}

enum Out {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Folder(PathBuf),
}

impl Mailer {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// When the server's address cannot be read.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let out = match &settings.way {
            Way::Smtp(url) => {
                let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
                    .map_err(|_| SettingsError::Url)?;
                // This one covers single reads and the connection only; `send` limits the whole.
                Out::Smtp(Box::new(builder.timeout(Some(settings.timeout)).build()))
            }
            Way::Folder(folder) => Out::Folder(folder.clone()),
        };
        Ok(Self(Arc::new(Parts { out, from: settings.from.0.clone(), timeout: settings.timeout })))
    }

    /// Sends one letter. `id` names it for good, so that a second try is recognised as the same one.
    ///
    /// # Errors
    /// Whether it failed for good or for now.
    pub async fn send(&self, letter: &Letter, id: Uuid, now: DateTime<Utc>) -> Result<(), SendError> {
        let message = self.write(letter, id, now)?;
        let sending = async {
            match &self.0.out {
                Out::Smtp(server) => server.send(message).await.map(drop).map_err(|error| SendError::of_smtp(&error)),
                Out::Folder(folder) => keep(folder, id, now, message.formatted()).await,
            }
        };
        let late = |_| Err(SendError::Temporary("timeout".to_owned()));
        tokio::time::timeout(self.0.timeout, sending).await.unwrap_or_else(late)
    }

    fn write(&self, letter: &Letter, id: Uuid, now: DateTime<Utc>) -> Result<Message, SendError> {
        let bad = |why: &str| SendError::Permanent(why.to_owned());
        let to: Address = letter.to.parse().map_err(|_| bad("address"))?;
        let rendered = render(letter).map_err(|_| bad("template"))?;
        let domain = self.0.from.email.domain();
        let mut message = Message::builder()
            .from(self.0.from.clone())
            .to(Mailbox::new(None, to))
            .subject(rendered.subject)
            .date(now.into())
            .message_id(Some(format!("<{}@{domain}>", id.simple())))
            .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))
            .map_err(|_| bad("envelope"))?;
        // No out-of-office answers to a machine (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(message)
    }
}

/// Writes the file under another name first, so that no half of it is ever read.
async fn keep(folder: &Path, id: Uuid, now: DateTime<Utc>, text: Vec<u8>) -> Result<(), SendError> {
    let unwritten = |error: std::io::Error| SendError::Temporary(format!("folder: {}", error.kind()));
    tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await.map_err(unwritten)?;
    let name = format!("{}-{}.eml", now.format("%Y%m%dT%H%M%S%3f"), id.simple());
    let unfinished = folder.join(format!(".{name}"));
    let mut options = tokio::fs::OpenOptions::new();
    let mut file =
        options.create(true).write(true).truncate(true).mode(0o600).open(&unfinished).await.map_err(unwritten)?;
    tokio::io::AsyncWriteExt::write_all(&mut file, &text).await.map_err(unwritten)?;
    file.sync_all().await.map_err(unwritten)?;
    tokio::fs::rename(&unfinished, folder.join(name)).await.map_err(unwritten)
}
