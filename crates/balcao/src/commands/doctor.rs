//! `balcao doctor`: everything that can be wrong with an installation, each with what to do about it.

use super::Session;
use crate::database::inspect::{self, Protection, Role, ServerSetting};
use crate::database::{OpenDatabase, prepare};
use crate::failure::{Failure, UNHEALTHY};
use crate::print::columns;
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use std::path::Path;
use store::{DbError, PlatformReason};

/// How good one finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    /// Works, and should be changed.
    Warning,
    /// Must be changed.
    Failure,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    detail: String,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, detail: detail.into() }
    }

    fn warning(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, detail: detail.into() }
    }

    fn failure(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Failure, detail: detail.into() }
    }
}

/// Looks, prints, and fails when a finding does.
pub async fn run(session: &Session) -> Result<(), Failure> {
    let mut findings = of_machine(session);
    match OpenDatabase::unprepared(&session.config, &session.sealer()?).await {
        Ok(opened) => {
            findings.extend(of_database(session, &opened).await);
            if let Err(failure) = opened.close().await {
                findings.push(Finding::failure("database", failure.sentence));
            }
        }
        Err(failure) => findings.push(Finding::failure("database", failure.sentence)),
    }
    let failed = findings.iter().filter(|finding| finding.verdict == Verdict::Failure).count();
    session.printer.answer(&findings, |findings| columns(&findings.iter().map(row).collect::<Vec<_>>()));
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::new(UNHEALTHY, format!("{failed} of {} checks failed", findings.len())))
    }
}

fn row(finding: &Finding) -> Vec<String> {
    let verdict = match finding.verdict {
        Verdict::Ok => "ok",
        Verdict::Warning => "warning",
        Verdict::Failure => "FAILURE",
    };
    vec![verdict.to_owned(), finding.check.to_owned(), finding.detail.clone()]
}

fn of_machine(session: &Session) -> Vec<Finding> {
    let config = &session.config;
    let mut findings = vec![
        Finding::ok("version", format!("balcao {}", env!("CARGO_PKG_VERSION"))),
        Finding::ok("configuration", "every name and value is valid"),
    ];
    findings.push(match (&config.encryption_key, config.data_dir.join("encryption.key").is_file()) {
        (Some(_), _) => Finding::ok("encryption key", "given by the configuration"),
        (None, true) => Finding::ok("encryption key", "kept in the data folder: have it in a backup"),
        (None, false) => Finding::warning("encryption key", "none yet: the first start makes one in the data folder"),
    });
    findings.push(disk(&config.data_dir));
    if config.production && config.channels.app_secret.is_none() {
        findings
            .push(Finding::warning("whatsapp", "BALCAO_WHATSAPP_APP_SECRET is not set: Meta's webhooks are refused"));
    }
    findings
}

fn disk(folder: &Path) -> Finding {
    match crate::disk::free(folder) {
        Some(free) if free < crate::disk::LOW => {
            Finding::failure("disk", format!("{} MiB are free where the data folder is: make room", free >> 20))
        }
        Some(free) => Finding::ok("disk", format!("{} MiB are free where the data folder is", free >> 20)),
        None => Finding::warning("disk", "the free space cannot be read"),
    }
}

async fn of_database(session: &Session, opened: &OpenDatabase) -> Vec<Finding> {
    let mut findings = vec![match prepare::look(&opened.db).await {
        Ok(prepare::Schema::Current) => {
            Finding::ok("schema", "up to date; both roles can sign in, and neither is above the policies")
        }
        Ok(prepare::Schema::Old) => Finding::failure("schema", "missing or too old: run `balcao migrate up`"),
        Err(error) => Finding::failure("roles", Failure::from(error).sentence),
    }];
    match prepare::connect_admin(&opened.addresses).await {
        Ok(mut admin) => {
            match of_server(session, opened.addresses.own, &mut admin).await {
                Ok(found) => findings.extend(found),
                Err(error) => findings.push(Finding::failure("database", DbError(error).to_string())),
            }
            let _ = admin.close().await;
        }
        Err(failure) => findings.push(Finding::failure("database", failure.sentence)),
    }
    if let Ok(mut tx) = opened.db.platform(PlatformReason::Operator).await
        && let Ok(dead) = store::jobs::list_dead(&mut tx, None, 1).await
    {
        findings.push(match dead.first() {
            None => Finding::ok("jobs", "none is dead"),
            Some(_) => Finding::warning("jobs", "some are dead: see `balcao jobs list`"),
        });
    }
    findings
}

async fn of_server(session: &Session, own: bool, conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let rights = inspect::rights(conn).await?;
    let mut findings =
        vec![Finding::ok("server", format!("PostgreSQL {}.{}", rights.version / 10_000, rights.version % 10_000))];
    findings.push(clock(session.clock.now().timestamp_micros(), inspect::clock(conn).await?));
    findings.extend(inspect::roles(conn).await?.iter().map(judge_role));
    findings.extend(judge_protection(&inspect::protection(conn).await?));
    let age = inspect::horizon_age(conn).await?;
    findings.push(if age > crate::database::HORIZON_LIMIT.as_secs_f64() {
        Finding::warning("event log", format!("a transaction has been open for {age:.0} s: everything after it waits"))
    } else {
        Finding::ok("event log", "nothing holds it up")
    });
    let settings = inspect::settings(conn).await?;
    let pools = session.config.database.pools.app + session.config.database.pools.worker;
    findings.extend(settings.iter().filter_map(|setting| judge_setting(setting, own, pools)));
    Ok(findings)
}

fn clock(ours: i64, theirs: i64) -> Finding {
    let apart = (ours - theirs).abs() / 1_000;
    if apart > 1_000 {
        return Finding::failure(
            "clock",
            format!("this machine and the database are {apart} ms apart: synchronise them (NTP)"),
        );
    }
    Finding::ok("clock", "agrees with the database's")
}

fn judge_role(role: &Role) -> Finding {
    let runs = matches!(role.name.as_str(), "balcao_app" | "balcao_worker");
    let detail = |problem: &str| format!("{}: {problem}", role.name);
    if role.superuser || role.bypasses_policies {
        return Finding::failure("roles", detail("is above the policies"));
    }
    if runs && role.owns_tables {
        return Finding::failure("roles", detail("owns tables, and an owner can switch their policies off"));
    }
    if runs != role.login {
        return Finding::failure("roles", detail(if runs { "may not sign in" } else { "may sign in, and should not" }));
    }
    let limits = role.limits.clone().unwrap_or_default();
    let limited = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
        .iter()
        .all(|name| limits.iter().any(|limit| limit.starts_with(name)));
    if runs && !limited {
        return Finding::warning(
            "roles",
            detail("has no time limits: run `balcao migrate up` as a user that may alter it"),
        );
    }
    Finding::ok("roles", detail("as it should be"))
}

fn judge_protection(protection: &Protection) -> Vec<Finding> {
    let list = |problem: &str, names: &[String]| format!("{problem}: {}", names.join(", "));
    let mut findings = Vec::new();
    if !protection.unprotected.is_empty() {
        findings.push(Finding::failure(
            "row-level security",
            list("not forced, or without a policy", &protection.unprotected),
        ));
    }
    if !protection.without_organization_key.is_empty() {
        findings.push(Finding::failure(
            "row-level security",
            list("keys without the organization", &protection.without_organization_key),
        ));
    }
    if !protection.invalid_indexes.is_empty() {
        findings.push(Finding::failure(
            "indexes",
            list("invalid, to be dropped and made again", &protection.invalid_indexes),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "row-level security",
            format!("forced on all {} tables of organizations", protection.tables),
        ));
    }
    findings
}

/// What the server's settings should be; `None` where there is nothing to say.
fn judge_setting(setting: &ServerSetting, own: bool, pools: u32) -> Option<Finding> {
    let value = setting.value.as_str();
    let number = || value.parse::<f64>().unwrap_or_default();
    let wanted = match setting.name.as_str() {
        "fsync" | "full_page_writes" | "synchronous_commit" if value == "off" => {
            return Some(Finding::failure(
                "settings",
                format!("{} is off: answered requests may be lost", setting.name),
            ));
        }
        "autovacuum" if value != "on" => {
            return Some(Finding::failure("settings", "autovacuum is off: tables grow without end"));
        }
        "max_connections" if number() < f64::from(pools + 10) => {
            return Some(Finding::failure(
                "settings",
                format!("max_connections is {value}: this process alone may take {pools}, and 10 must be left"),
            ));
        }
        "data_checksums" if value != "on" => "on: damage is found when it is read",
        "wal_level" if value == "minimal" => "replica: without it there is no backup by archive",
        "archive_mode" if value == "off" && !own => "on, with archive_timeout 60, unless another backup is kept",
        "log_lock_waits" if value != "on" => "on",
        "log_parameter_max_length" if value != "0" => "0: otherwise the server's log may hold personal data",
        "log_min_duration_statement" if value == "-1" => "500ms",
        "random_page_cost" if number() > 2.0 => "1.1 on solid state disks",
        "jit" if value != "off" => "off: it costs more than it brings in short statements",
        "password_encryption" if value != "scram-sha-256" => "scram-sha-256",
        _ => return None,
    };
    Some(Finding::warning("settings", format!("{} is {value}, should be {wanted}", setting.name)))
}
