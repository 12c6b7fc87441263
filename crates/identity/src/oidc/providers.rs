//! Identity providers of an organization: what they are, and what is checked before one is believed.

use super::checks::{check_break_glass, grantable, proven, within};
use super::{events, place};
use crate::handle::Identity;
use crate::roles::role_named;
use crate::store::oidc::{self as rows, ProviderRow};
use crate::store::roles as role_rows;
use chrono::{DateTime, Utc};
use kernel::ids::{RoleId, UserId};
use kernel::text::clean_line;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde::Serialize;
use std::collections::BTreeMap;
use store::TenantTx;
use uuid::Uuid;

/// Providers of one organization.
const MOST: usize = 10;
const MOST_GROUPS: usize = 100;

/// A provider as its organization sees it: everything but the secret.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProviderView {
    #[schema(example = "01990c5e-8f6a-7000-8000-000000000001")]
    pub id: Uuid,
    pub name: String,
    #[schema(example = "https://login.clinica.example")]
    pub issuer: String,
    pub client_id: String,
    /// To be entered at the provider.
    #[schema(example = "https://desk.example/api/auth/oidc/01990c5e-8f6a-7000-8000-000000000001/callback")]
    pub callback_url: String,
    #[schema(example = json!(["clinica.example"]))]
    pub domains: Vec<String>,
    pub jit: bool,
    #[schema(example = "user")]
    pub default_role: Option<String>,
    pub group_claim: String,
    /// Role by group; without groups whose role is gone.
    #[schema(example = json!({ "recepcao": "agent" }))]
    pub group_role_map: BTreeMap<String, String>,
    pub enforced: bool,
    pub break_glass_user_id: Option<UserId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What may be written of a provider; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ProviderChange {
    pub name: Option<String>,
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub domains: Option<Vec<String>>,
    pub jit: Option<bool>,
    pub default_role: Option<String>,
    pub group_claim: Option<String>,
    pub group_role_map: Option<BTreeMap<String, String>>,
    pub enforced: Option<bool>,
    pub break_glass_user_id: Option<Option<UserId>>,
}

impl Identity {
    pub(super) async fn providers(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<ProviderView>, Error> {
        may_manage(ctx)?;
        let mut views = Vec::new();
        for row in rows::list(tx).await? {
            views.push(self.provider_view(tx, row).await?);
        }
        Ok(views)
    }

    /// Adds a provider.
    ///
    /// # Errors
    /// 403 without `organization.manage`, `REAUTH_REQUIRED`, `GRANT_EXCEEDS_OWN`; 409 `LIMIT_REACHED`; 422 for wrong
    /// fields: an issuer that may not be called, domains that are not proven here, unknown roles.
    pub(super) async fn add_provider(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        new: ProviderChange,
    ) -> Result<ProviderView, Error> {
        may_manage(ctx)?;
        ctx.require_recent()?;
        if rows::list(tx).await?.len() >= MOST {
            return Err(Error::new(ErrorKind::Conflict, "LIMIT_REACHED", "There are ten providers already.")
                .with("limit", "identity_providers")
                .with("max", MOST));
        }
        let row = ProviderRow {
            id: ctx.new_id(),
            name: String::new(),
            issuer: String::new(),
            client_id: String::new(),
            secret_sealed: Vec::new(),
            domains: Vec::new(),
            jit: false,
            default_role_id: *role_named(tx, "default_role", "user").await?.id,
            group_claim: "groups".to_owned(),
            group_role_map: serde_json::json!({}),
            enforced: false,
            break_glass_user_id: None,
            version: 0,
            created_at: ctx.now(),
            updated_at: ctx.now(),
        };
        let row = self.written(ctx, tx, row, new).await?;
        tx.append(ctx, events::provider("identity_provider.created", row.id, &[]));
        self.provider_view(tx, row).await
    }

    /// Changes a provider.
    ///
    /// # Errors
    /// As [`Identity::add_provider`]; 404; 412 when `expected` is not the version.
    pub(super) async fn change_provider(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        id: Uuid,
        change: ProviderChange,
        expected: Option<i64>,
    ) -> Result<ProviderView, Error> {
        may_manage(ctx)?;
        let row = rows::lock(tx, id).await?.ok_or_else(Error::not_found)?;
        ctx.require_recent()?;
        if expected.is_some_and(|expected| expected != row.version) {
            return Err(crate::organizations::stale());
        }
        let fields = change.fields();
        let row = self.written(ctx, tx, row, change).await?;
        tx.append(ctx, events::provider("identity_provider.updated", id, &fields));
        self.provider_view(tx, row).await
    }

    /// Takes a provider away; who signed in through it alone needs a link by mail from then on.
    pub(super) async fn remove_provider(&self, ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<(), Error> {
        may_manage(ctx)?;
        rows::lock(tx, id).await?.ok_or_else(Error::not_found)?;
        ctx.require_recent()?;
        rows::delete(tx, id).await?;
        tx.append(ctx, events::provider("identity_provider.deleted", id, &[]));
        Ok(())
    }

    /// The issuer of a provider, for a try.
    pub(super) async fn issuer_of(&self, ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<String, Error> {
        may_manage(ctx)?;
        Ok(rows::find(tx, id).await?.ok_or_else(Error::not_found)?.issuer)
    }

    async fn written(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        mut row: ProviderRow,
        change: ProviderChange,
    ) -> Result<ProviderRow, Error> {
        self.set_client(ctx, tx, &mut row, &change).await?;
        if let Some(name) = &change.name {
            row.name = clean_line(name);
            within("name", &row.name, 80)?;
        }
        if let Some(domains) = &change.domains {
            row.domains = proven(tx, domains).await?;
        }
        row.jit = change.jit.unwrap_or(row.jit);
        if let Some(role) = &change.default_role {
            row.default_role_id = grantable(ctx, tx, "default_role", role).await?;
        }
        if let Some(claim) = &change.group_claim {
            within("group_claim", claim, 100)?;
            row.group_claim.clone_from(claim);
        }
        if let Some(map) = &change.group_role_map {
            row.group_role_map = self.role_ids(ctx, tx, map).await?;
        }
        row.enforced = change.enforced.unwrap_or(row.enforced);
        if let Some(user) = change.break_glass_user_id {
            row.break_glass_user_id = user;
        }
        if row.enforced {
            check_break_glass(ctx, tx, row.break_glass_user_id).await?;
        }
        row.version += 1;
        row.updated_at = ctx.now();
        rows::save(tx, &row).await?;
        Ok(row)
    }

    /// Issuer, client and secret go together: a secret is never sent to another issuer than it was given for.
    async fn set_client(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        row: &mut ProviderRow,
        change: &ProviderChange,
    ) -> Result<(), Error> {
        if let Some(issuer) = &change.issuer {
            let url = self
                .way_out()?
                .guard()
                .parse(issuer.trim())
                .map_err(|refusal| Error::invalid_field("issuer", "ISSUER_NOT_ALLOWED", refusal.to_string()))?;
            if url.query().is_some() || url.fragment().is_some() || issuer.len() > 500 {
                return Err(Error::invalid_field(
                    "issuer",
                    "ISSUER_NOT_ALLOWED",
                    "An issuer has no query or fragment.",
                ));
            }
            issuer.trim().clone_into(&mut row.issuer);
        }
        if let Some(client_id) = &change.client_id {
            within("client_id", client_id, 255)?;
            row.client_id.clone_from(client_id);
        }
        match &change.client_secret {
            Some(secret) => {
                within("client_secret", secret, 1_000)?;
                let place = place(&ctx.subject.organization_id, &row.id);
                let sealer = self.0.sealer.for_tenant(tx, &ctx.ids, ctx.now()).await?;
                row.secret_sealed = sealer.seal(&ctx.ids, place, secret.as_bytes())?;
                Ok(())
            }
            None if change.issuer.is_some() || change.client_id.is_some() => {
                Err(Error::invalid_field("client_secret", "REQUIRED", "Issuer and client change with their secret."))
            }
            None => Ok(()),
        }
    }

    async fn role_ids(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        map: &BTreeMap<String, String>,
    ) -> Result<serde_json::Value, Error> {
        if map.len() > MOST_GROUPS {
            return Err(Error::invalid_field("group_role_map", "TOO_MANY", "At most 100 groups."));
        }
        let mut ids = BTreeMap::new();
        for (group, role) in map {
            within("group_role_map", group, 200)?;
            ids.insert(group.clone(), grantable(ctx, tx, "group_role_map", role).await?);
        }
        serde_json::to_value(ids).map_err(Error::internal)
    }

    async fn provider_view(&self, tx: &mut TenantTx, row: ProviderRow) -> Result<ProviderView, Error> {
        let names: BTreeMap<RoleId, String> =
            role_rows::list(tx).await?.into_iter().map(|role| (role.id, role.name)).collect();
        let groups: BTreeMap<String, Uuid> = serde_json::from_value(row.group_role_map).unwrap_or_default();
        let base = self.0.settings.issuer.trim_end_matches('/');
        Ok(ProviderView {
            callback_url: format!("{base}/api/auth/oidc/{}/callback", row.id),
            id: row.id,
            name: row.name,
            issuer: row.issuer,
            client_id: row.client_id,
            domains: row.domains,
            jit: row.jit,
            default_role: names.get(&RoleId(row.default_role_id)).cloned(),
            group_claim: row.group_claim,
            group_role_map: groups
                .into_iter()
                .filter_map(|(group, role)| Some((group, names.get(&RoleId(role))?.clone())))
                .collect(),
            enforced: row.enforced,
            break_glass_user_id: row.break_glass_user_id,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl ProviderChange {
    /// Names of the fields that it names.
    fn fields(&self) -> Vec<&'static str> {
        let all = [
            ("name", self.name.is_some()),
            ("issuer", self.issuer.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("domains", self.domains.is_some()),
            ("jit", self.jit.is_some()),
            ("default_role", self.default_role.is_some()),
            ("group_claim", self.group_claim.is_some()),
            ("group_role_map", self.group_role_map.is_some()),
            ("enforced", self.enforced.is_some()),
            ("break_glass_user_id", self.break_glass_user_id.is_some()),
        ];
        all.into_iter().filter_map(|(name, given)| given.then_some(name)).collect()
    }
}

fn may_manage(ctx: &Ctx) -> Result<(), Error> {
    ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(ctx.organization_id()))
}
