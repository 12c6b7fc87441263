//! Mail that the house writes to people: sign-in links, notices about their login, invitations.
//!
//! Owns: the letters ([`Template`], one folder each below `templates/`, in three languages), the job `mail.send`, and the
//! two ways out ([`Way`]): an SMTP server, or a folder of `.eml` files where none is configured. A letter is posted in the
//! transaction of what it tells ([`post`]) and lies sealed in its job, because it may carry a link that lets somebody in.
//! Absent on purpose: mail that comes in, answers to customers and bounces (`channels`), who is told what (the domains).

mod job;
mod letter;
mod outcome;
mod render;
mod template;
mod transport;

pub use job::{SEND, job_kind};
pub use letter::{Letter, post, post_platform};
pub use outcome::SendError;
pub use render::{Rendered, render};
pub use template::{LANGUAGES, Template};
pub use transport::{Mailer, Sender, Settings, SettingsError, Way};
