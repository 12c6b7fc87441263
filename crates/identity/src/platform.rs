//! Platform staff: logins that work for the installation itself.
//!
//! They sign in like anybody, as members of an organization of their own (the operator's); there the permissions of the
//! area `platform` come on top of their roles, and count only in sessions with a second factor. In other organizations
//! they have nothing but what a support session gives (`impersonation/`). Marking a login is the operator's command
//! (`balcao platform grant`); no request can do it.

use crate::handle::Identity;
use crate::store::platform_staff as rows;
use crate::text::normal_email;
use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use kernel::{Error, ErrorKind, Grant, Permission, PermissionSet, Scope};
use serde::Serialize;
use store::PlatformReason;

/// What of the platform somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformRole {
    /// All of `platform`.
    PlatformAdmin,
    /// All but creating, suspending and erasing organizations.
    PlatformSupport,
}

impl PlatformRole {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "platform_admin",
            Self::PlatformSupport => "platform_support",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::PlatformAdmin, Self::PlatformSupport].into_iter().find(|role| role.as_str() == name)
    }

    fn permissions(self) -> PermissionSet {
        let all = [Permission::PLATFORM_ORGANIZATIONS, Permission::PLATFORM_SUPPORT, Permission::PLATFORM_OPERATIONS];
        let held =
            |permission: &Permission| self == Self::PlatformAdmin || *permission != Permission::PLATFORM_ORGANIZATIONS;
        PermissionSet::granting(all.into_iter().filter(held))
    }
}

/// One of the staff, for the operator's list.
#[derive(Clone, Debug, Serialize)]
pub struct Staff {
    pub user_id: UserId,
    pub email: String,
    pub name: String,
    pub role: String,
    pub granted_at: DateTime<Utc>,
}

/// What a role of the platform grants in the sessions of who has it.
pub fn platform_grant(role: &str) -> Option<Grant> {
    let known = PlatformRole::parse(role)?;
    Some(Grant {
        role: known.as_str().into(),
        permissions: known.permissions(),
        scope: Scope::Organization,
        effective_from: None,
        effective_to: None,
    })
}

impl Identity {
    /// Marks a login as staff, or with `None` as staff no more. The operator's command.
    ///
    /// # Errors
    /// 404 when no active login has this e-mail.
    pub async fn grant_platform_role(&self, email: &str, role: Option<PlatformRole>) -> Result<UserId, Error> {
        let mut tx = self.0.db.platform(PlatformReason::Operator).await?;
        let now = self.0.clock.now();
        let found = rows::grant(&mut tx, &normal_email(email), role.map(PlatformRole::as_str), now).await?;
        let user = found.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "NOT_FOUND", "No active login has this e-mail; make it a member first.")
        })?;
        tx.commit().await?;
        self.rights_changed();
        Ok(user)
    }

    /// Everybody who works for the installation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn platform_staff(&self) -> Result<Vec<Staff>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::Operator).await?;
        let staff = rows::list(&mut tx).await?;
        tx.commit().await?;
        Ok(staff)
    }
}
