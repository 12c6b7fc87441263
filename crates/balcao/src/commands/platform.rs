//! `balcao platform grant|revoke|list`: who works for the installation itself.

use super::{Session, with_house};
use crate::cli::Platform;
use crate::failure::{Failure, REFUSED};
use identity::{PlatformRole, Staff};
use serde::Serialize;

/// One mark, set or taken back.
#[derive(Serialize)]
struct Marked {
    email: String,
    /// `null`: taken back.
    role: Option<&'static str>,
}

/// Everybody who is marked.
#[derive(Serialize)]
struct Everybody {
    staff: Vec<Staff>,
}

pub async fn run(session: &Session, command: Platform) -> Result<(), Failure> {
    match command {
        Platform::Grant { email, role } => {
            let role = PlatformRole::parse(&role).ok_or_else(|| {
                Failure::new(
                    REFUSED,
                    format!("`{role}` is no role of the platform; say platform_admin or platform_support"),
                )
            })?;
            mark(session, email, Some(role)).await
        }
        Platform::Revoke { email } => mark(session, email, None).await,
        Platform::List => list(session).await,
    }
}

async fn mark(session: &Session, email: String, role: Option<PlatformRole>) -> Result<(), Failure> {
    with_house(session, async |house| {
        house.domains.identity.grant_platform_role(&email, role).await?;
        Ok(())
    })
    .await?;
    session.printer.answer(&Marked { email, role: role.map(PlatformRole::as_str) }, |marked| match marked.role {
        Some(role) => format!("{} is {role} from now on, in sessions with a second factor.", marked.email),
        None => format!("{} is no staff any more.", marked.email),
    });
    Ok(())
}

async fn list(session: &Session) -> Result<(), Failure> {
    let mut everybody = Everybody { staff: Vec::new() };
    with_house(session, async |house| {
        everybody.staff = house.domains.identity.platform_staff().await?;
        Ok(())
    })
    .await?;
    session.printer.answer(&everybody, |everybody| {
        if everybody.staff.is_empty() {
            return "Nobody works for the installation.".to_owned();
        }
        let lines = everybody.staff.iter().map(|one| format!("{}  {}  {}", one.email, one.role, one.name));
        lines.collect::<Vec<_>>().join("\n")
    });
    Ok(())
}
