//! The way out that needs no set-up.

use crate::support::{letter, mailer, now, readable};
use mail::{SendError, Way};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use uuid::Uuid;

#[tokio::test]
async fn letters_lie_in_a_folder_that_only_the_owner_reads() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("not/yet/there");
    let mailer = mailer(Way::Folder(folder.clone()), Duration::from_secs(5));
    mailer.send(&letter("ana@clinica.example"), Uuid::from_u128(7), now()).await.unwrap();
    // The second try of the same letter takes the place of the first.
    mailer.send(&letter("ana@clinica.example"), Uuid::from_u128(7), now()).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].extension().unwrap(), "eml");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&files[0])), (0o700, 0o600));
    let text = readable(&std::fs::read_to_string(&files[0]).unwrap());
    for part in [
        "To: ana@clinica.example",
        "Auto-Submitted: auto-generated",
        "Message-ID: <00000000000000000000000000000007@desk.example>",
        "multipart/alternative",
        "https://desk.example/link/magic-link#segredo-do-link",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn what_is_no_address_is_refused_for_good() {
    let place = tempfile::tempdir().unwrap();
    let mailer = mailer(Way::Folder(place.path().to_path_buf()), Duration::from_secs(5));
    for bad in ["", "ana", "ana@", "ana@x.example\r\nBcc: b@x.example", "a@b.example, c@d.example"] {
        let sent = mailer.send(&letter(bad), Uuid::nil(), now()).await;
        assert!(matches!(sent, Err(SendError::Permanent(_))), "{bad:?}");
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}
