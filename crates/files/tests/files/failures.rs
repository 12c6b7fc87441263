//! What goes wrong leaves nothing half behind and says what it was.

use crate::faulty::FullDisk;
use crate::{blob, files_below, now};
use bytes::Bytes;
use files::{Files, PutError};
use futures_util::{StreamExt, stream};
use kernel::Ids;
use object_store::local::LocalFileSystem;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const MEBIBYTE: usize = 1024 * 1024;

#[tokio::test]
async fn too_long_a_stream_is_cut_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::local(folder.path()).unwrap();
    let ids = Ids::seeded(3);
    for limit in [10, 11 * MEBIBYTE as u64] {
        // Endless: reading on after the cap would never end.
        let pulled = AtomicU64::new(0);
        let body = stream::repeat_with(|| {
            pulled.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Bytes::from(vec![b'x'; MEBIBYTE]))
        });
        let refused = files.put_stream(blob(&ids, ids.sortable(now()), limit), body).await;
        assert!(matches!(refused, Err(PutError::TooLarge { limit: l }) if l == limit), "{refused:?}");
        assert_eq!(pulled.load(Ordering::SeqCst), limit / MEBIBYTE as u64 + 1);
    }
    assert_eq!(files_below(folder.path()), [] as [std::path::PathBuf; 0]);
}

#[tokio::test]
async fn exactly_the_cap_fits() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::local(folder.path()).unwrap();
    let ids = Ids::seeded(4);
    let stored = files.put(blob(&ids, ids.sortable(now()), 10), Bytes::from_static(b"0123456789")).await.unwrap();
    assert_eq!(stored.size, 10);
}

#[tokio::test]
async fn a_stream_that_breaks_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::local(folder.path()).unwrap();
    let ids = Ids::seeded(5);
    for whole_chunks in [1, 7] {
        let good = stream::iter((0..whole_chunks).map(|_| Ok(Bytes::from(vec![b'x'; MEBIBYTE]))));
        let body = good.chain(stream::iter([Err(std::io::Error::other("hung up"))]));
        let refused = files.put_stream(blob(&ids, ids.sortable(now()), u64::MAX), body).await;
        let Err(PutError::Source(cause)) = refused else { panic!("{refused:?}") };
        assert_eq!(cause.to_string(), "hung up");
    }
    assert_eq!(files_below(folder.path()), [] as [std::path::PathBuf; 0]);
}

#[tokio::test]
async fn a_full_disk_is_named_and_nothing_is_left() {
    let ids = Ids::seeded(6);
    for (kind, parts, size) in [
        (ErrorKind::StorageFull, 0, 10),
        (ErrorKind::StorageFull, 0, 6 * MEBIBYTE),
        (ErrorKind::QuotaExceeded, 1, 12 * MEBIBYTE),
        (ErrorKind::ReadOnlyFilesystem, 0, 10),
        (ErrorKind::PermissionDenied, 0, 10),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let inner = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        let files = Files::over(Arc::new(FullDisk { inner, parts, kind }));
        let body = stream::iter(vec![0; size].chunks(MEBIBYTE).map(Bytes::copy_from_slice).collect::<Vec<_>>());
        let body = body.map(Ok::<_, Infallible>);
        let refused = files.put_stream(blob(&ids, ids.sortable(now()), u64::MAX), body).await;
        match kind {
            ErrorKind::PermissionDenied => assert!(matches!(refused, Err(PutError::Storage(_))), "{refused:?}"),
            ErrorKind::ReadOnlyFilesystem => assert!(matches!(refused, Err(PutError::ReadOnly)), "{refused:?}"),
            _ => assert!(matches!(refused, Err(PutError::Full)), "{refused:?}"),
        }
        assert_eq!(files_below(folder.path()), [] as [std::path::PathBuf; 0]);
    }
}

#[tokio::test]
async fn pieces_of_a_killed_upload_are_removed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Files::remove_unfinished(folder.path()).unwrap(), 0);
    let files = Files::local(folder.path()).unwrap();
    let ids = Ids::seeded(7);
    let stored = files.put(blob(&ids, ids.sortable(now()), 10), Bytes::from_static(b"whole")).await.unwrap();
    let whole = folder.path().join("files").join(stored.key.to_string());
    std::fs::write(whole.with_file_name(format!("{}#1", stored.key.file())), b"half").unwrap();
    assert_eq!(Files::remove_unfinished(folder.path()).unwrap(), 1);
    assert_eq!(files_below(folder.path()), [whole]);
}

#[test]
fn a_data_folder_that_is_a_file_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(Files::local(file.path()).is_err());
}
