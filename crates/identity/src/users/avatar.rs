//! A person's picture: a small image, sealed with the person's key before it is stored.

use super::events;
use crate::handle::Identity;
use crate::store::logins::{self as rows, Picture};
use bytes::Bytes;
use files::{BlobKey, Declared, NewBlob};
use kernel::ids::{FileId, UserId};
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde_json::json;
use store::{INSTALLATION, TenantTx};

/// Largest picture, in bytes.
pub const MOST: usize = 512 * 1024;

/// What is shown.
pub(crate) struct Shown {
    pub bytes: Vec<u8>,
    pub media_type: String,
}

/// Stores another picture of oneself; the bytes of the one before are to be deleted after the commit.
///
/// # Errors
/// 403 for keys, 413, 415 for anything but PNG, JPEG and WebP.
pub(crate) async fn set(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    bytes: Bytes,
) -> Result<Option<String>, Error> {
    let user = ctx.require_person()?;
    if bytes.len() > MOST {
        return Err(Error::new(ErrorKind::TooLarge, "TOO_LARGE", "A picture has at most 512 KiB."));
    }
    let media_type = files::sniff::sniff(&bytes).mime;
    if !matches!(media_type, "image/png" | "image/jpeg" | "image/webp") {
        return Err(Error::new(
            ErrorKind::UnsupportedMediaType,
            "UNSUPPORTED_MEDIA_TYPE",
            "A picture is a PNG, JPEG or WebP.",
        ));
    }
    let key = identity.0.persons.key(tx, user, ctx.now()).await?.ok_or_else(Error::not_found)?;
    let file: FileId = ctx.ids.random();
    let blob = NewBlob {
        organization: INSTALLATION,
        file,
        at: ctx.now(),
        declared: Declared::default(),
        max_bytes: 2 * MOST as u64,
    };
    let sealed = key.seal("avatar", &bytes)?;
    let stored = identity.0.files.put(blob, sealed.into()).await.map_err(Error::internal)?;
    let before = rows::picture(tx, user).await?.map(|picture| picture.key);
    let picture = Picture { file_id: file.0, key: stored.key.to_string(), media_type: media_type.to_owned() };
    rows::set_picture(tx, user, Some(&picture), ctx.now()).await?;
    events::append(ctx, tx, events::user("user.updated", user, json!({ "fields": ["avatar"] })));
    Ok(before)
}

/// Takes the picture away; where its bytes lie, to be deleted after the commit.
pub(crate) async fn clear(ctx: &Ctx, tx: &mut TenantTx, user: UserId) -> Result<Option<String>, Error> {
    let before = rows::picture(tx, user).await?.map(|picture| picture.key);
    rows::set_picture(tx, user, None, ctx.now()).await?;
    Ok(before)
}

/// The picture of somebody here.
///
/// # Errors
/// 404, 403 without `users.view`.
pub(crate) async fn show(identity: &Identity, ctx: &Ctx, tx: &mut TenantTx, user: UserId) -> Result<Shown, Error> {
    if ctx.subject.user_id() != Some(user) {
        ctx.require(Permission::USERS_VIEW, &Resource::organization(ctx.organization_id()))?;
    }
    let picture = rows::picture(tx, user).await?.ok_or_else(Error::not_found)?;
    let keys = identity.0.persons.keys(tx, &[user.0]).await?;
    let (Some(key), Some(place)) = (keys.get(&user), BlobKey::parse(&picture.key)) else {
        return Err(Error::not_found());
    };
    let blob = identity.0.files.open(INSTALLATION, &place).await.map_err(Error::internal)?;
    let sealed = blob.ok_or_else(Error::not_found)?.into_bytes().await.map_err(Error::internal)?;
    Ok(Shown { bytes: key.open("avatar", &sealed)?, media_type: picture.media_type })
}

impl Identity {
    /// Deletes bytes of a person that no row names any more. What cannot be deleted now is unreadable once the person
    /// is erased.
    pub(crate) async fn forget_blob(&self, key: Option<&str>) {
        let Some(place) = key.and_then(BlobKey::parse) else { return };
        if let Err(error) = self.0.files.delete(place.organization(), &place).await {
            tracing::warn!(%error, "a file of a person could not be deleted");
        }
    }
}
