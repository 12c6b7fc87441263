//! `balcao openapi`: the document, without a database.

use super::Session;
use crate::config::Roles;
use crate::failure::Failure;
use crate::house::{House, Materials};
use crate::serve;
use files::Files;
use secrecy::SecretSlice;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::{Database, PoolLimits, Sealer};

/// Prints it; nothing is read, made or connected to.
pub fn run(session: &Session) -> Result<(), Failure> {
    let mut house = unconnected(session)?;
    let everything = Roles { api: true, realtime: true, worker: true, scheduler: true };
    let (_, document) = serve::routes(&session.config, &mut house, everything, Arc::new(AtomicBool::new(false)))?;
    let text = if session.printer.json { document.to_json() } else { document.to_pretty_json() };
    session.printer.line(&text.map_err(Failure::plain)?);
    Ok(())
}

/// The house as it is made, with nothing behind it: enough to be described.
pub fn unconnected(session: &Session) -> Result<House, Failure> {
    let nowhere = PgConnectOptions::new_without_pgpass();
    House::build(Materials {
        config: &session.config,
        db: Database::new(nowhere.clone(), nowhere, &PoolLimits::default()),
        sealer: Sealer::new(vec![SecretSlice::from(vec![0; 32])]),
        clock: session.clock.clone(),
        ids: session.ids.clone(),
        files: Files::over(Arc::new(object_store::memory::InMemory::new())),
        address: session.config.listen,
    })
}
