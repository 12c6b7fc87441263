//! Organizations as the platform's staff see them.

use crate::organizations::StaffOrganization;
use kernel::ids::OrganizationId;
use store::{DbError, TenantTx};

/// Every organization that passes, by slug.
pub async fn list(
    tx: &mut TenantTx,
    after_slug: &str,
    status: &str,
    part: &str,
    most: i64,
) -> Result<Vec<StaffOrganization>, DbError> {
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    Ok(sqlx::query_as!(
        StaffOrganization,
        r#"select id as "id!: OrganizationId", slug as "slug!", name as "name!", kind as "kind!", status as "status!",
             suspension_mode, status_reason, closing_at, plan as "plan!", subscription_status as "subscription_status!",
             seats_taken as "seats_taken!", same_tax_id as "same_tax_id!", created_at as "created_at!", version as "version!"
           from organizations_for_staff($1, $2, $3, $4)"#,
        after_slug,
        status,
        part,
        most
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The organization of this transaction.
pub async fn find(tx: &mut TenantTx) -> Result<Option<StaffOrganization>, DbError> {
    let id = tx.organization_id();
    Ok(sqlx::query_as!(
        StaffOrganization,
        r#"select o.id as "id: OrganizationId", o.slug, o.name, o.kind, o.status, o.suspension_mode, o.status_reason, o.closing_at,
             s.plan, s.status as subscription_status,
             (select count(*) from memberships m where m.organization_id = o.id and m.status in ('active', 'invited')) as "seats_taken!",
             same_tax_id(o.tax_id, o.id) as "same_tax_id!", o.created_at, o.version
           from organizations o join subscriptions s on s.organization_id = o.id where o.id = $1"#,
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}
