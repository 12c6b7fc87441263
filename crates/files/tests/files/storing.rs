//! Storing, reading, parts, deleting, and the border between organizations.

use crate::{blob, files_below, now};
use bytes::Bytes;
use files::{BlobKey, Declared, Files, GetError, NewBlob, PutError};
use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::Ids;
use kernel::ids::OrganizationId;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::convert::Infallible;

struct Shelf {
    files: Files,
    ids: Ids,
    ours: OrganizationId,
    theirs: OrganizationId,
    folder: tempfile::TempDir,
}

fn shelf() -> Shelf {
    let folder = tempfile::tempdir().unwrap();
    let ids = Ids::seeded(1);
    let files = Files::local(folder.path()).unwrap();
    Shelf { files, ours: ids.sortable(now()), theirs: ids.sortable(now()), ids, folder }
}

#[tokio::test]
async fn a_blob_comes_back_as_it_went_in() {
    let shelf = shelf();
    let declared = Declared { mime: Some("text/csv; charset=utf-8".into()), name: Some("../exame.csv".into()) };
    let new = NewBlob { declared, ..blob(&shelf.ids, shelf.ours, 100) };
    let stored = shelf.files.put(new, Bytes::from_static(b"a;b\n1;2\n")).await.unwrap();
    assert_eq!((stored.size, stored.mime.as_str(), stored.mime_agrees), (8, "text/csv", true));
    assert_eq!(stored.name, "exame.csv");
    assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(b"a;b\n1;2\n")));
    assert_eq!(stored.sha256_hex().len(), 64);
    assert!(stored.key.to_string().starts_with(&format!("{}/2026/", shelf.ours)));
    let open = shelf.files.open(shelf.ours, &stored.key).await.unwrap().unwrap();
    assert_eq!((open.size, open.range.clone()), (8, 0..8));
    assert_eq!(open.into_bytes().await.unwrap(), "a;b\n1;2\n");
}

#[tokio::test]
async fn another_organization_sees_and_deletes_nothing() {
    let shelf = shelf();
    let stored = shelf.files.put(blob(&shelf.ids, shelf.ours, 10), Bytes::from_static(b"x")).await.unwrap();
    assert!(shelf.files.open(shelf.theirs, &stored.key).await.unwrap().is_none());
    assert!(shelf.files.open_range(shelf.theirs, &stored.key, 0..1).await.unwrap().is_none());
    assert_eq!(shelf.files.size(shelf.theirs, &stored.key).await.unwrap(), None);
    assert!(!shelf.files.delete(shelf.theirs, &stored.key).await.unwrap());
    assert_eq!(shelf.files.size(shelf.ours, &stored.key).await.unwrap(), Some(1));
    assert!(shelf.files.delete(shelf.ours, &stored.key).await.unwrap());
    assert!(!shelf.files.delete(shelf.ours, &stored.key).await.unwrap());
    assert!(shelf.files.open(shelf.ours, &stored.key).await.unwrap().is_none());
}

#[tokio::test]
async fn large_blobs_go_through_in_parts_of_the_stream() {
    let shelf = shelf();
    // Chunks of an odd size, so that parts and chunks do not meet.
    let chunks: Vec<Bytes> = (0_u8..12).map(|n| Bytes::from(vec![n; 1_048_577])).collect();
    let whole = chunks.concat();
    let body = stream::iter(chunks).map(Ok::<_, Infallible>);
    let stored = shelf.files.put_stream(blob(&shelf.ids, shelf.ours, u64::MAX), body).await.unwrap();
    assert_eq!(stored.size, whole.len() as u64);
    assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(&whole)));
    let part = shelf.files.open_range(shelf.ours, &stored.key, 5_242_870..5_242_890).await.unwrap().unwrap();
    assert_eq!((part.size, part.range.clone()), (stored.size, 5_242_870..5_242_890));
    assert_eq!(part.into_bytes().await.unwrap(), whole[5_242_870..5_242_890]);
    let open = shelf.files.open(shelf.ours, &stored.key).await.unwrap().unwrap();
    let read = open.into_stream().try_fold(0, |sum, chunk| async move { Ok(sum + chunk.len()) }).await.unwrap();
    assert_eq!(read, whole.len());
    assert_eq!(files_below(shelf.folder.path()).len(), 1);
}

#[tokio::test]
async fn ranges_are_cut_at_the_end_and_refused_behind_it() {
    let shelf = shelf();
    let stored = shelf.files.put(blob(&shelf.ids, shelf.ours, 10), Bytes::from_static(b"0123456789")).await.unwrap();
    let part = shelf.files.open_range(shelf.ours, &stored.key, 7..99).await.unwrap().unwrap();
    assert_eq!(part.into_bytes().await.unwrap(), "789");
    for range in [10..11, 99..100] {
        let refused = shelf.files.open_range(shelf.ours, &stored.key, range).await;
        assert!(matches!(refused, Err(GetError::Range)), "{refused:?}");
    }
}

#[tokio::test]
async fn an_id_is_never_overwritten() {
    let shelf = shelf();
    let new = blob(&shelf.ids, shelf.ours, u64::MAX);
    shelf.files.put(new.clone(), Bytes::from_static(b"first")).await.unwrap();
    for second in [Bytes::from_static(b"second"), Bytes::from(vec![0; 6 * 1024 * 1024])] {
        let refused = shelf.files.put(new.clone(), second).await;
        assert!(matches!(refused, Err(PutError::Exists)), "{refused:?}");
    }
    let key = BlobKey::new(shelf.ours, new.file, new.at);
    assert_eq!(shelf.files.open(shelf.ours, &key).await.unwrap().unwrap().into_bytes().await.unwrap(), "first");
    assert_eq!(files_below(shelf.folder.path()).len(), 1);
}

#[tokio::test]
async fn an_empty_blob_is_a_blob() {
    let shelf = shelf();
    let stored = shelf.files.put(blob(&shelf.ids, shelf.ours, 0), Bytes::new()).await.unwrap();
    assert_eq!((stored.size, stored.mime.as_str(), stored.name.as_str()), (0, "application/octet-stream", "file"));
    let open = shelf.files.open(shelf.ours, &stored.key).await.unwrap().unwrap();
    assert!(open.into_bytes().await.unwrap().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let shelf = shelf();
    let mode = std::fs::metadata(shelf.folder.path().join("files")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn only_well_formed_keys_are_read() {
    let ids = Ids::seeded(2);
    let key = BlobKey::new(ids.random(), ids.random(), now());
    let text = key.to_string();
    assert_eq!(BlobKey::parse(&text), Some(key));
    for wrong in [
        String::new(),
        "../../etc/passwd".into(),
        text.to_uppercase(),
        text.replace("2026", "02026"),
        text.replace("2026", "+2026"),
        text.replace("2026", ".."),
        text.replace("2026", "0000"),
        text.replace('-', ""),
        format!("/{text}"),
        format!("{text}/"),
        format!("{text}#1"),
        format!("{text}/../x"),
    ] {
        assert_eq!(BlobKey::parse(&wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_key_only_if_it_prints_back(text in "[0-9a-fA-F/.\\-#]{0,90}") {
        if let Some(key) = BlobKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
