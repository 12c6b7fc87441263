//! The data folder: what lies where, who owns it, and whether PostgreSQL can get there.
//!
//! ```text
//! <data_dir>/                  ours
//!   postgres.lock              held while a process runs the cluster
//!   postgres.password          the superuser's password
//!   postgres.json              where the running server listens
//!   postgresql/<version>/      downloaded programs, if any
//!   postgres/                  PostgreSQL's: cluster/ (its data), log/, run/ (its socket)
//! ```

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, lchown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::error::{EmbeddedError, during};
use super::find::{Programs, Version};
use super::run_as::Identity;

/// The paths below one data folder. Absolute and free of links, because PostgreSQL runs in another folder and its
/// processes are recognised by this path.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) data: PathBuf,
}

impl Layout {
    /// Makes the data folder if it is missing. Missing parents get ordinary permissions, the folder itself is private.
    pub(super) fn create(data_dir: &Path) -> Result<Self, EmbeddedError> {
        if !data_dir.is_dir() {
            if data_dir.exists() {
                let source = io::ErrorKind::NotADirectory.into();
                return Err(EmbeddedError::NotWritable { path: data_dir.to_path_buf(), source });
            }
            if let Some(parent) = data_dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                fs::create_dir_all(parent).map_err(during("creating", parent))?;
            }
            DirBuilder::new().mode(0o700).create(data_dir).map_err(during("creating", data_dir))?;
        }
        let data = fs::canonicalize(data_dir).map_err(during("opening", data_dir))?;
        Ok(Self { data })
    }

    /// The layout of a data folder that is there already.
    pub(super) fn existing(data_dir: &Path) -> Option<Self> {
        fs::canonicalize(data_dir).ok().map(|data| Self { data })
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.data.join("postgres.lock")
    }

    pub(super) fn password(&self) -> PathBuf {
        self.data.join("postgres.password")
    }

    pub(super) fn address(&self) -> PathBuf {
        self.data.join("postgres.json")
    }

    pub(super) fn fetched(&self) -> PathBuf {
        self.data.join("postgresql")
    }

    pub(super) fn home(&self) -> PathBuf {
        self.data.join("postgres")
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.home().join("cluster")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.home().join("log")
    }

    pub(super) fn run(&self) -> PathBuf {
        self.home().join("run")
    }

    /// The major version of the cluster, `None` when there is none yet.
    pub(super) fn cluster_major(&self) -> Result<Option<u32>, EmbeddedError> {
        let cluster = self.cluster();
        let file = cluster.join("PG_VERSION");
        match fs::read_to_string(&file) {
            Ok(text) => match Version::parse(&text) {
                Some(version) => Ok(Some(version.major)),
                None => Err(EmbeddedError::NotACluster { path: cluster }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let empty = fs::read_dir(&cluster).is_ok_and(|mut entries| entries.next().is_none());
                if empty || !cluster.exists() { Ok(None) } else { Err(EmbeddedError::NotACluster { path: cluster }) }
            }
            Err(error) => Err(EmbeddedError::io("reading", &file, error)),
        }
    }

    /// The uid that owns PostgreSQL's folder, if there is one.
    pub(super) fn owner(&self) -> Option<u32> {
        fs::metadata(self.home()).ok().map(|meta| meta.uid())
    }

    /// Makes PostgreSQL's folders, hands them to `identity`, and checks that it can get there and to the programs.
    pub(super) async fn prepare(&self, identity: &Identity, programs: &Programs) -> Result<(), EmbeddedError> {
        self.let_through(identity)?;
        let of_root = |path: PathBuf| fs::metadata(path).is_ok_and(|meta| meta.uid() == 0);
        let home = self.home();
        if identity.dropped && (of_root(home.clone()) || of_root(self.cluster())) {
            hand_over(&home, identity).map_err(during("changing the owner of", &home))?;
        }
        for folder in [self.home(), self.log(), self.run()] {
            private_folder(&folder, identity)?;
        }
        let cluster = self.cluster();
        if let Ok(meta) = fs::metadata(&cluster) {
            // A copy made with other permissions would be refused by PostgreSQL.
            if meta.mode() & 0o077 != 0 {
                fs::set_permissions(&cluster, Permissions::from_mode(0o700)).map_err(during("closing", &cluster))?;
            }
        }
        for folder in [self.home(), programs.bin_dir.clone()] {
            can_enter(&folder, identity, programs).await?;
        }
        Ok(())
    }

    /// Lets the unprivileged user pass through (not look into) our own private folder; nobody else's folder is touched.
    fn let_through(&self, identity: &Identity) -> Result<(), EmbeddedError> {
        let meta = fs::metadata(&self.data).map_err(during("reading", &self.data))?;
        if !identity.dropped || meta.uid() != 0 || identity.may_enter(&meta) {
            return Ok(());
        }
        let fail = during("opening the way through", &self.data);
        let opened = if meta.gid() == 0 {
            chown(&self.data, None, Some(identity.gid))
                .and_then(|()| fs::set_permissions(&self.data, Permissions::from_mode(meta.mode() | 0o010)))
        } else {
            fs::set_permissions(&self.data, Permissions::from_mode(meta.mode() | 0o001))
        };
        opened.map_err(fail)
    }
}

/// Makes `folder` if it is missing, closed to everybody but `identity`.
pub(super) fn private_folder(folder: &Path, identity: &Identity) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made.map_err(during("creating", folder))?,
    }
    give(folder, identity).map_err(during("changing the owner of", folder))
}

/// Writes `contents` to `path`, readable only by `owner` (ourselves when `None`), whole or not at all, and on disk when it returns.
pub(super) fn write_private(path: &Path, contents: &[u8], owner: Option<&Identity>) -> Result<(), EmbeddedError> {
    let partial = path.with_extension("partial");
    let write = || {
        let _ = fs::remove_file(&partial);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(contents)?;
        file.sync_all()?;
        if let Some(owner) = owner {
            give(&partial, owner)?;
        }
        fs::rename(&partial, path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&partial);
        EmbeddedError::io("writing", path, error)
    })
}

/// Makes a rename or a new file in `folder` survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), EmbeddedError> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(during("syncing", folder))
}

/// Gives one file or folder to `identity` if that is somebody else than ourselves.
pub(super) fn give(path: &Path, identity: &Identity) -> io::Result<()> {
    if identity.dropped { lchown(path, Some(identity.uid), Some(identity.gid)) } else { Ok(()) }
}

fn hand_over(path: &Path, identity: &Identity) -> io::Result<()> {
    give(path, identity)?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            hand_over(&entry?.path(), identity)?;
        }
    }
    Ok(())
}

/// Permission bits say who is kept out; access lists may say otherwise. So where the bits say no, we try.
async fn can_enter(folder: &Path, identity: &Identity, programs: &Programs) -> Result<(), EmbeddedError> {
    let Some(closed) = identity.closed_on_the_way(folder).filter(|_| identity.dropped) else { return Ok(()) };
    let mut command = Command::new(programs.postgres());
    identity.apply(&mut command);
    command.arg("--version").current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status().await {
        Ok(_) => Ok(()),
        Err(_) => Err(EmbeddedError::Unreachable { folder: folder.to_path_buf(), closed, user: identity.name.clone() }),
    }
}
