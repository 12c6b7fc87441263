//! The one list of domains. Adding a domain is one line here.

use crate::house::Domains;
use module::Module;

/// What every domain brings, in the order of their imports.
pub fn modules(domains: &Domains) -> Vec<Module> {
    vec![
        identity::module(domains.identity.clone()),
        service_levels::module(domains.db.clone(), domains.cursors.clone()),
        contacts::module(),
        messaging::module(&domains.messaging),
        channels::module(domains.channels.clone()),
        crate::upkeep::module(domains.db.clone()),
    ]
}
