//! The one list of domains. Adding a domain is one line here.

use crate::house::Domains;
use module::Module;

/// What every domain brings, in the order of their imports.
pub fn modules(domains: &Domains) -> Vec<Module> {
    let mut modules = vec![
        identity::module(domains.identity.clone()),
        service_levels::module(domains.db.clone(), domains.cursors.clone()),
        contacts::module(domains.db.clone(), domains.audit.clone()),
        messaging::module(&domains.messaging),
        channels::module(domains.channels.clone()),
        crate::upkeep::module(domains.db.clone()),
        mail(domains),
    ];
    // Hears what all of them tell.
    modules.push(audit::module(domains.audit.clone(), &modules));
    modules
}

/// Mail is below the domains and has nothing to bring but its job.
fn mail(domains: &Domains) -> Module {
    Module {
        name: "mail",
        job_kinds: vec![mail::job_kind(domains.mailer.clone(), domains.sealer.clone())],
        ..Module::default()
    }
}
