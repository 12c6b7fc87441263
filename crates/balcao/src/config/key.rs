//! The installation's key: given by the operator, or made at the first start and kept in the data folder.

use super::{Config, forms};
use kernel::Ids;
use secrecy::{ExposeSecret, SecretSlice};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use store::Sealer;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{} holds no encryption key: put it back from a backup", .0.display())]
    Damaged(PathBuf),
}

/// The sealer with the installation's keys, the one in use first. Makes the data folder, and a key if there is none.
///
/// # Errors
/// When the kept key cannot be read or made.
pub fn installation_key(config: &Config, ids: &Ids) -> Result<Sealer, KeyError> {
    let current = match &config.encryption_key {
        Some(key) => key.clone(),
        None => kept(&config.data_dir, ids)?,
    };
    Ok(Sealer::new(std::iter::once(current).chain(config.encryption_keys_previous.iter().cloned()).collect()))
}

/// Makes the data folder, closed to others; parents get ordinary permissions.
///
/// # Errors
/// What the system answered.
pub fn make_data_dir(folder: &Path) -> Result<(), KeyError> {
    let fail = |source| KeyError::Io { path: folder.to_path_buf(), source };
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made.map_err(fail),
    }
}

fn kept(folder: &Path, ids: &Ids) -> Result<SecretSlice<u8>, KeyError> {
    let path = folder.join("encryption.key");
    if !path.exists() {
        make_data_dir(folder)?;
        make(folder, &path, ids).map_err(|source| KeyError::Io { path: path.clone(), source })?;
    }
    let text = fs::read_to_string(&path).map_err(|source| KeyError::Io { path: path.clone(), source })?;
    forms::key(&text).map(SecretSlice::from).map_err(|_| KeyError::Damaged(path))
}

/// Writes it whole and on disk under another name first. Of two processes that do so at once the first one's key stays.
fn make(folder: &Path, path: &Path, ids: &Ids) -> std::io::Result<()> {
    let mut key = [0; 32];
    ids.fill(&mut key);
    let key = SecretSlice::from(key.to_vec());
    let partial = folder.join(format!("encryption.key.{}", std::process::id()));
    let _ = fs::remove_file(&partial);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(format!("{}\n", hex::encode(key.expose_secret())).as_bytes())?;
    file.sync_all()?;
    let linked = match fs::hard_link(&partial, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    fs::remove_file(&partial)?;
    linked?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = kept(&data, &Ids::seeded(1)).unwrap();
        let second = kept(&data, &Ids::seeded(2)).unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert_eq!(first.expose_secret().len(), 32);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.join("encryption.key")), 0o600);
        assert_eq!(mode(&data), 0o700);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_key_is_an_error_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("encryption.key");
        fs::write(&path, "short").unwrap();
        assert!(matches!(kept(folder.path(), &Ids::seeded(1)), Err(KeyError::Damaged(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }
}
