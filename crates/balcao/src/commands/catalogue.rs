//! `balcao catalogue`: what the domains bring to the house, without a database.

use super::Session;
use super::openapi::unconnected;
use crate::failure::Failure;
use crate::print::columns;
use module::Module;
use serde::Serialize;

/// What one domain brings, by name.
#[derive(Serialize)]
struct Entry {
    module: &'static str,
    permissions: Vec<&'static str>,
    events: Vec<Event>,
    job_kinds: Vec<&'static str>,
    schedules: Vec<&'static str>,
    readers: Vec<&'static str>,
    socket_commands: Vec<&'static str>,
    rooms: Vec<&'static str>,
    resources: Vec<&'static str>,
    /// Columns with sealed values, as `table.column`: what turning keys over knows.
    sealed: Vec<String>,
}

#[derive(Serialize)]
struct Event {
    kind: &'static str,
    version: i16,
    meaning: &'static str,
}

/// Prints it; nothing is read, made or connected to.
pub fn run(session: &Session) -> Result<(), Failure> {
    let house = unconnected(session)?;
    let entries: Vec<Entry> = house.modules.iter().map(Entry::of).collect();
    session.printer.answer(&entries, |entries| entries.iter().map(Entry::text).collect());
    Ok(())
}

impl Entry {
    fn of(module: &Module) -> Self {
        let events = module.events.iter();
        Self {
            module: module.name,
            permissions: module.permissions.iter().map(|permission| permission.name()).collect(),
            events: events.map(|e| Event { kind: e.kind, version: e.version, meaning: e.meaning }).collect(),
            job_kinds: module.job_kinds.iter().map(|kind| kind.name).collect(),
            schedules: module.schedules.iter().map(|schedule| schedule.name).collect(),
            readers: module.readers.iter().map(|reader| reader.name).collect(),
            socket_commands: module.socket_commands.iter().map(|command| command.name).collect(),
            rooms: module.rooms.iter().map(|room| room.kind).collect(),
            resources: module.resources.iter().map(|resource| resource.kind).collect(),
            sealed: sealed(module),
        }
    }

    fn text(&self) -> String {
        let mut rows = Vec::new();
        let lists = [
            ("permission", &self.permissions),
            ("job", &self.job_kinds),
            ("schedule", &self.schedules),
            ("reader", &self.readers),
            ("socket command", &self.socket_commands),
            ("room", &self.rooms),
            ("resource", &self.resources),
        ];
        for (what, names) in lists {
            rows.extend(names.iter().map(|name| vec![format!("  {what}"), (*name).to_owned(), String::new()]));
        }
        let events = self.events.iter();
        rows.extend(events.map(|e| vec!["  event".to_owned(), e.kind.to_owned(), e.meaning.to_owned()]));
        format!("{}\n{}", self.module, columns(&rows))
    }
}

fn sealed(module: &Module) -> Vec<String> {
    let own = module.sealed.iter().map(|column| (column.table, column.column));
    let house = module.house_sealed.iter().map(|column| (column.table, column.column));
    own.chain(house).map(|(table, column)| format!("{table}.{column}")).collect()
}
