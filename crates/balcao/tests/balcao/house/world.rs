//! A server with a fake Graph behind it and an organization that owns a number.

use super::client::{PASSWORD, Person};
use super::server::{APP_SECRET, Server};
use chrono::{DateTime, Utc};
use kernel::Clock;
use testkit::graph::{Callback, FakeGraph, GraphConfig, Number};

/// The fake Graph with these numbers.
pub async fn graph(numbers: &[Number]) -> FakeGraph {
    FakeGraph::start(GraphConfig { numbers: numbers.to_vec(), ..GraphConfig::default() }).await.unwrap()
}

/// The number of the fixtures.
pub fn number() -> Number {
    Number::of_fixtures("token-de-exemplo")
}

/// An organization as the command line makes it.
pub struct Organization {
    pub slug: String,
    pub number: Number,
}

impl Organization {
    /// Makes it, with its number activated.
    pub async fn create(server: &Server, slug: &str, number: &Number) -> Self {
        let name = format!("Clínica {slug}");
        server.json(&["organization", "create", "--slug", slug, "--name", &name, "--kind", "clinic"], "").await;
        let display = format!("+{}", number.display_phone_number);
        #[rustfmt::skip]
        let arguments = [
            "channel", "create", "whatsapp", "--organization", slug, "--name", "Recepção",
            "--phone-number-id", &number.phone_number_id, "--display-number", &display,
            "--waba-id", &number.waba_id, "--access-token-stdin",
        ];
        server.json(&arguments, &format!("{}\n", number.access_token)).await;
        Self { slug: slug.to_owned(), number: number.clone() }
    }

    /// Makes somebody with this role and signs in.
    pub async fn person(&self, server: &Server, name: &str, role: &str) -> Person {
        let email = format!("{name}@{}.example", self.slug);
        #[rustfmt::skip]
        let arguments = [
            "user", "create", "--organization", &self.slug, "--email", &email, "--name", name,
            "--role", role, "--password-stdin",
        ];
        server.json(&arguments, &format!("{PASSWORD}\n")).await;
        Person::login(&server.url(), &email).await
    }
}

/// Meta's side of the webhook address, with one connection of its own.
pub fn meta(server: &Server) -> Callback {
    Callback::new(&server.webhook_url(), APP_SECRET)
}

/// Now, as everybody here sees it.
pub fn now() -> DateTime<Utc> {
    Clock::system().now()
}
