//! The HTTP parts of the house, on axum: what every route shares, so that handlers only extract, call and answer.
//!
//! Owns: the accept loop with its time limits ([`server`]), the edge that every request passes (request ids, traces,
//! client addresses, rate limits, CORS, security headers, compression, metrics, the access log), problem answers, the
//! strict extractors ([`Json`], [`Query`], [`Path`], [`Paging`], [`IfMatch`]), the [`Caller`] with its transaction and
//! `Idempotency-Key`, the assembly of routes and OpenAPI ([`assemble`]), health and metrics routes ([`health`]).
//! Absent on purpose: who a credential belongs to (identity's middleware says so by [`Authentication`]), any domain,
//! sockets, TLS (a proxy's work).

mod address;
mod assemble;
mod caller;
mod compress;
mod cors;
mod edge;
pub mod health;
mod idempotency;
mod json;
mod openapi;
mod page;
mod preconditions;
mod problem;
mod query;
mod rate_limit;
mod raw_body;
mod refusal;
mod request;
mod route;
mod security;
pub mod server;

pub use address::{Network, client_address};
pub use assemble::{Assembly, assemble};
pub use caller::{Authentication, Caller, Owing, OwingAnything, OwingPassword, OwingSecondFactor};
pub use edge::{Edge, EdgeSettings};
pub use json::{Json, MAX_DEPTH, json_response, parse as parse_json};
pub use page::{page_response, written_page_response};
pub use preconditions::{IfMatch, IfNoneMatch, etag};
pub use problem::{PROBLEM_JSON, status_of};
pub use query::{Paging, Path, Query, parse_query};
pub use rate_limit::{Class, Limits};
pub use raw_body::RawBody;
pub use refusal::{REPLAYED, Refusal, error_of};
pub use request::{RequestFacts, RequestInfo};
pub use server::{Server, ServerSettings};
