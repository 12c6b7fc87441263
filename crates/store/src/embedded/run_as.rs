//! As whom PostgreSQL runs. It refuses root, so a root process drops its children to an unprivileged user; anybody
//! else runs it as themselves.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use tokio::process::Command;

use super::error::EmbeddedError;

/// Tried in this order when nothing is configured and no cluster says otherwise.
const DEFAULTS: [&str; 2] = ["postgres", "nobody"];

/// The user that PostgreSQL's processes run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) name: String,
    /// Whether that is another user than ours (we are root).
    pub(super) dropped: bool,
}

/// Chooses the user: as root the first of `configured`, the owner of an existing cluster, `postgres`, `nobody`;
/// otherwise ourselves. `cluster` is the cluster's folder and its owner's uid.
pub(super) fn choose(configured: Option<&str>, cluster: Option<(&Path, u32)>) -> Result<Identity, EmbeddedError> {
    let identity = if Uid::effective().is_root() {
        unprivileged(configured, cluster.map(|(_, owner)| owner))?
    } else {
        ourselves()
    };
    match cluster {
        // A folder that root copied belongs to root: nobody else can have used it since, so it is handed over.
        Some((_, 0)) if identity.dropped => Ok(identity),
        Some((path, owner)) if owner != identity.uid => Err(EmbeddedError::WrongOwner {
            path: path.to_path_buf(),
            owner: user(owner).map_or_else(|| format!("user number {owner}"), |owner| owner.name),
            user: identity.name,
        }),
        _ => Ok(identity),
    }
}

impl Identity {
    /// Makes `command` run as this user, in its own process group (Ctrl-C in our terminal must not reach PostgreSQL
    /// before we have let go of it), in a folder that everybody may enter, and with none of our environment, which
    /// may hold secrets.
    pub(super) fn apply(&self, command: &mut Command) {
        if self.dropped {
            command.uid(self.uid).gid(self.gid);
        }
        command.process_group(0).current_dir("/").env_clear();
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
    }

    /// The first folder on the way to `path` (itself included) that this user may not enter.
    pub(super) fn closed_on_the_way(&self, path: &Path) -> Option<PathBuf> {
        let mut way: Vec<&Path> = path.ancestors().collect();
        way.reverse();
        way.into_iter().find(|folder| folder.metadata().is_ok_and(|meta| !self.may_enter(&meta))).map(Path::to_path_buf)
    }

    pub(super) fn may_enter(&self, folder: &Metadata) -> bool {
        let bit = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.mode() & bit != 0
    }
}

fn ourselves() -> Identity {
    let uid = Uid::effective();
    let gid = nix::unistd::Gid::effective();
    let name = user(uid.as_raw()).map_or_else(|| uid.to_string(), |user| user.name);
    Identity { uid: uid.as_raw(), gid: gid.as_raw(), name, dropped: false }
}

fn unprivileged(configured: Option<&str>, owner: Option<u32>) -> Result<Identity, EmbeddedError> {
    let named = |name: &str| User::from_name(name).ok().flatten().filter(|user| !user.uid.is_root());
    let found = match configured {
        Some(name) => named(name),
        None => owner.filter(|uid| *uid != 0).and_then(user).or_else(|| DEFAULTS.into_iter().find_map(named)),
    };
    let user = found.ok_or_else(|| EmbeddedError::NoUser {
        wanted: match configured {
            Some(name) => format!("the configured user `{name}` does not exist or is root itself"),
            None => format!("none of the users {} exists", DEFAULTS.join(", ")),
        },
    })?;
    Ok(Identity { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name, dropped: true })
}

fn user(uid: u32) -> Option<User> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_closed_folder_on_the_way_is_named() {
        let root = tempfile::tempdir_in("/tmp").unwrap();
        let inner = root.path().join("closed/inner");
        std::fs::create_dir_all(&inner).unwrap();
        let set = |mode| std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let stranger = Identity { uid: 4_000_000, gid: 4_000_000, name: "stranger".into(), dropped: true };
        set(0o700);
        assert_eq!(stranger.closed_on_the_way(&inner).as_deref(), Some(root.path()));
        set(0o711);
        assert_eq!(stranger.closed_on_the_way(&inner), None);
    }

    #[test]
    fn a_missing_user_is_named() {
        let error = unprivileged(Some("no-such-user-here"), None).unwrap_err();
        assert!(error.to_string().contains("`no-such-user-here`"), "{error}");
        assert!(matches!(unprivileged(Some("root"), None), Err(EmbeddedError::NoUser { .. })));
    }
}
