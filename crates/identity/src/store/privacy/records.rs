//! What lies of a person in tables that have no file of their own in the copy of one's data.

use kernel::ids::UserId;
use serde_json::Value;
use store::{DbError, TenantTx};

/// `{table: [row]}`: of the login, and of the membership here. What proves who somebody is, what is unreadable, and names
/// of others are left out, as [`crate::RECORDS`] says.
///
/// # Errors
/// When the statement fails.
pub async fn of_person(tx: &mut TenantTx, user: UserId) -> Result<Value, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select jsonb_build_object(
             'known_devices', (select coalesce(jsonb_agg(to_jsonb(t) - '{device_hash}'::text[]), '[]') from known_devices t where user_id = $2),
             'one_time_links', (select coalesce(jsonb_agg(to_jsonb(t) - '{token_hash,data}'::text[]), '[]') from one_time_links t where user_id = $2),
             'passkeys', (select coalesce(jsonb_agg(to_jsonb(t) - '{credential_id,credential}'::text[]), '[]') from passkeys t where user_id = $2),
             'totp_factors', (select coalesce(jsonb_agg(to_jsonb(t) - '{secret_sealed,last_step}'::text[]), '[]') from totp_factors t where user_id = $2),
             'recovery_codes', (select coalesce(jsonb_agg(to_jsonb(t) - '{code_hash}'::text[]), '[]') from recovery_codes t where user_id = $2),
             'user_identities', (select coalesce(jsonb_agg(to_jsonb(t) - '{}'::text[]), '[]') from user_identities t where user_id = $2),
             'invitations', (select coalesce(jsonb_agg(to_jsonb(t) - '{token_hash}'::text[]), '[]') from invitations t where organization_id = $1 and user_id = $2),
             'role_assignments', (select coalesce(jsonb_agg(to_jsonb(t) - '{}'::text[]), '[]') from role_assignments t where organization_id = $1 and membership_id in (select id from memberships where organization_id = $1 and user_id = $2)),
             'impersonations', (select coalesce(jsonb_agg(to_jsonb(t) - '{by_name}'::text[]), '[]') from impersonations t where organization_id = $1 and (by_user_id = $2 or membership_id in (select id from memberships where organization_id = $1 and user_id = $2))),
             'privacy_exports', (select coalesce(jsonb_agg(to_jsonb(t) - '{blob_key}'::text[]), '[]') from privacy_exports t where organization_id = $1 and user_id = $2),
             'erasures', (select coalesce(jsonb_agg(to_jsonb(t) - '{}'::text[]), '[]') from erasures t where organization_id = $1 and user_id = $2)) as "records!""#,
        *organization_id,
        *user
    )
    .fetch_one(tx.conn())
    .await?)
}
