//! The HTTP face of this process: what its roles serve, inside the edge.

use super::health::checks;
use crate::config::{Config, Roles};
use crate::failure::Failure;
use crate::house::House;
use axum::Router;
use http_kit::{Assembly, EdgeSettings, assemble, health};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use telemetry::Metrics;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// How the edge is set up.
pub fn edge_settings(config: &Config) -> EdgeSettings {
    EdgeSettings {
        cors_origins: config.http.cors_origins.clone(),
        trusted_proxies: config.http.trusted_proxies.clone(),
        behind_tls: config.http.behind_tls,
        body_limit: config.http.body_limit,
        request_timeout: config.http.request_timeout,
        limits: config.http.limits.clone(),
        ..EdgeSettings::default()
    }
}

/// The router of a process with these roles, and the document of all routes.
///
/// # Errors
/// When the recorder of metrics cannot be set up.
pub fn routes(
    config: &Config,
    house: &mut House,
    roles: Roles,
    stopping: Arc<AtomicBool>,
) -> Result<(Router, OpenApi), Failure> {
    let domains = house.domains.clone();
    let mut routes: Vec<OpenApiRouter> = Vec::new();
    if roles.api {
        routes.extend(house.modules.iter_mut().map(|module| std::mem::take(&mut module.routes)));
        routes.push(house.hub.routes());
    }
    let mut outside = health::routes(checks(&domains.db, &domains.clock, config.data_dir.clone(), stopping));
    let hidden = metrics_route(config, house)?;
    if roles.api {
        outside = outside.merge(identity::well_known(domains.identity.clone()));
    }
    let identity = domains.identity.clone();
    let (router, document) = assemble(Assembly {
        routes,
        outside,
        hidden,
        wrap: Box::new(move |api| api.layer(axum::middleware::from_fn_with_state(identity, identity::authenticate))),
        docs: roles.api && config.http.docs,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        edge: edge_settings(config),
        clock: domains.clock.clone(),
        ids: domains.ids.clone(),
    });
    // Outside of the edge: a poll may wait longer than a request may take.
    let router = if roles.realtime { house.hub.attach(router) } else { router };
    Ok((router, document))
}

fn metrics_route(config: &Config, house: &House) -> Result<Router, Failure> {
    let metrics = Metrics::install().map_err(Failure::plain)?;
    let (db, hub) = (house.domains.db.clone(), house.hub.clone());
    let render = move || {
        for (role, (open, idle)) in ["app", "worker"].into_iter().zip(db.connections()) {
            metrics::gauge!("database_connections", "role" => role, "state" => "open").set(f64::from(open));
            metrics::gauge!("database_connections", "role" => role, "state" => "idle").set(idle as f64);
        }
        metrics::gauge!("realtime_sockets").set(hub.sockets() as f64);
        metrics.render()
    };
    let token = config.metrics_token.as_ref().map(|token| token.expose_secret().to_owned());
    Ok(health::metrics_route(Arc::new(render), token))
}
