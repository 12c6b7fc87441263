//! Logins, whoever's they are: only through the functions that answer one question each.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, UserId};
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// A login about to be made with an e-mail that nobody has proven.
pub struct NewPerson<'a> {
    pub id: UserId,
    pub email: &'a str,
    pub email_norm: &'a str,
    pub name: &'a str,
    pub name_norm: &'a str,
    pub language: &'a str,
    pub password_hash: Option<&'a str>,
    pub must_change_password: bool,
}

/// The login of an e-mail, and whether it was made by this call.
pub async fn make(tx: &mut TenantTx, new: &NewPerson<'_>, now: DateTime<Utc>) -> Result<(UserId, bool), DbError> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!: UserId", made as "made!" from make_login($1, $2, $3, $4, $5, $6, $7, $8, $9)"#,
        *new.id,
        new.email,
        new.email_norm,
        new.name,
        new.name_norm,
        new.language,
        new.password_hash,
        new.must_change_password,
        now
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((row.user_id, row.made))
}

/// A login that gets a place is not erased for having none.
pub async fn keep(tx: &mut TenantTx, user_id: UserId, now: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!("select keep_login($1, $2) as done", *user_id, now).fetch_one(tx.conn()).await?;
    Ok(())
}

/// After a membership ended: whether it was the last one, so that the login is disabled and erased at `due`.
pub async fn leave(
    tx: &mut TenantTx,
    user_id: UserId,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(r#"select leave_login($1, $2, $3) as "last!""#, *user_id, due, now)
        .fetch_one(tx.conn())
        .await?)
}

/// What is asked of a login before it is joined, changed or erased.
#[derive(Debug)]
pub struct LoginFacts {
    pub email: String,
    pub email_norm: String,
    pub language: String,
    pub status: String,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub erase_at: Option<DateTime<Utc>>,
}

pub async fn facts(tx: &mut TenantTx, user_id: UserId) -> Result<Option<LoginFacts>, DbError> {
    Ok(sqlx::query_as!(
        LoginFacts,
        r#"select email as "email!", email_norm as "email_norm!", language as "language!", status as "status!", email_verified_at, erase_at
           from login_facts($1)"#,
        *user_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Whether somebody has this e-mail.
pub async fn is_taken(tx: &mut TenantTx, email_norm: &str) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(r#"select exists (select from login_by_email($1)) as "taken!""#, email_norm)
        .fetch_one(tx.conn())
        .await?)
}

/// The membership here of the login with this e-mail, and its status.
pub async fn member_by_email(tx: &mut TenantTx, email_norm: &str) -> Result<Option<(MembershipId, String)>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"select m.id as "id: MembershipId", m.status from memberships m join login_by_email($2) l on l.user_id = m.user_id
           where m.organization_id = $1"#,
        *organization_id,
        email_norm
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.id, row.status)))
}

pub async fn is_member_elsewhere(tx: &mut TenantTx, user_id: UserId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(r#"select is_member_elsewhere($1, $2) as "is!""#, *user_id, *organization_id)
        .fetch_one(tx.conn())
        .await?)
}

/// The e-mail is proven. Whether it was not before: then name and password are the ones given.
pub async fn claim(
    tx: &mut TenantTx,
    user_id: UserId,
    name: (&str, &str),
    password_hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(
        r#"select claim_login($1, $2, $3, $4, $5) as "claimed!""#,
        *user_id,
        name.0,
        name.1,
        password_hash,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Gives a login another address. Violates `users_email_norm_key` where somebody has it.
pub async fn change_email(
    tx: &mut TenantTx,
    user_id: UserId,
    email: (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!("select change_login_email($1, $2, $3, $4) as done", *user_id, email.0, email.1, now)
        .fetch_one(tx.conn())
        .await?;
    Ok(())
}

/// Addresses of a login that are not its own one: asked for, and the one before.
pub struct OtherEmails {
    pub pending_email_sealed: Option<Vec<u8>>,
    pub previous_email_sealed: Option<Vec<u8>>,
    pub previous_email_until: Option<DateTime<Utc>>,
}

pub async fn other_emails(tx: &mut TenantTx, user_id: UserId) -> Result<Option<OtherEmails>, DbError> {
    Ok(sqlx::query_as!(
        OtherEmails,
        "select pending_email_sealed, previous_email_sealed, previous_email_until from users where id = $1",
        *user_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Keeps the address before a change, or forgets it.
pub async fn keep_previous_email(
    tx: &mut TenantTx,
    user_id: UserId,
    previous: Option<(&[u8], DateTime<Utc>)>,
) -> Result<(), DbError> {
    sqlx::query!(
        "update users set previous_email_sealed = $2, previous_email_until = $3 where id = $1",
        *user_id,
        previous.map(|kept| kept.0),
        previous.map(|kept| kept.1)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A person's picture.
pub struct Picture {
    pub file_id: Uuid,
    pub key: String,
    pub media_type: String,
}

/// The picture of a member who is active here.
pub async fn picture(tx: &mut TenantTx, user_id: UserId) -> Result<Option<Picture>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Picture,
        r#"select u.avatar_file_id as "file_id!", u.avatar_key as "key!", u.avatar_type as "media_type!"
           from users u join memberships m on m.user_id = u.id
           where m.organization_id = $1 and u.id = $2 and u.avatar_file_id is not null and m.known_name is null"#,
        *organization_id,
        *user_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn set_picture(
    tx: &mut TenantTx,
    user_id: UserId,
    picture: Option<&Picture>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "update users set avatar_file_id = $2, avatar_key = $3, avatar_type = $4, version = version + 1, updated_at = $5 where id = $1",
        *user_id,
        picture.map(|picture| picture.file_id),
        picture.map(|picture| picture.key.as_str()),
        picture.map(|picture| picture.media_type.as_str()),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The key of a person, sealed with the installation's: `fresh` unless there was one. `None` once it is destroyed.
pub async fn person_key(
    tx: &mut TenantTx,
    user_id: UserId,
    fresh: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Vec<u8>>, DbError> {
    Ok(sqlx::query_scalar!("select person_key($1, $2, $3)", *user_id, fresh, now).fetch_one(tx.conn()).await?)
}

pub async fn person_keys(tx: &mut TenantTx, users: &[Uuid]) -> Result<Vec<(UserId, Vec<u8>)>, DbError> {
    let rows = sqlx::query!(
        r#"select user_id as "user_id!: UserId", key_sealed as "key_sealed!" from person_keys_of($1)"#,
        users
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.key_sealed)).collect())
}

/// The installation's only organization, if there is just one.
pub async fn only_organization(tx: &mut PlatformTx) -> Result<Option<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!("select only_organization()").fetch_one(tx.conn()).await?.map(OrganizationId))
}
