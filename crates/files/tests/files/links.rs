//! Signed links.

use crate::now;
use chrono::Duration;
use files::BlobKey;
use files::link::{LONGEST_LIFE, LinkError, LinkSigner, ShortSecret, SignedLink};
use kernel::Ids;
use proptest::prelude::*;

fn signer() -> LinkSigner {
    LinkSigner::new(&[1; 32], None).unwrap()
}

fn key(seed: u64) -> BlobKey {
    let ids = Ids::seeded(seed);
    BlobKey::new(ids.random(), ids.random(), now())
}

#[test]
fn a_link_opens_its_blob_until_it_ends() {
    let link = signer().sign(key(1), now(), Duration::minutes(5));
    assert_eq!(signer().verify(&link, now()), Ok(key(1)));
    assert_eq!(signer().verify(&link, now() + Duration::seconds(299)), Ok(key(1)));
    assert_eq!(signer().verify(&link, now() + Duration::seconds(300)), Err(LinkError::Expired));
    let text = link.path_and_query();
    assert_eq!(text, format!("{}?expires={}&signature={}", key(1), link.expires, link.signature));
}

#[test]
fn a_link_is_for_one_blob_of_one_organization_until_one_time() {
    let link = signer().sign(key(1), now(), Duration::minutes(5));
    let ids = Ids::seeded(9);
    let elsewhere = BlobKey::new(ids.random(), key(1).file(), now());
    for changed in [
        SignedLink { key: key(2), ..link.clone() },
        SignedLink { key: elsewhere, ..link.clone() },
        SignedLink { expires: link.expires + 1, ..link.clone() },
        SignedLink { signature: "0".repeat(64), ..link.clone() },
    ] {
        assert_eq!(signer().verify(&changed, now()), Err(LinkError::Signature), "{changed:?}");
    }
    for signature in ["", "x", &link.signature[..62], &format!("{}00", link.signature), &"g".repeat(64)] {
        let changed = SignedLink { signature: signature.to_owned(), ..link.clone() };
        assert_eq!(signer().verify(&changed, now()), Err(LinkError::Malformed), "{signature}");
    }
}

#[test]
fn links_survive_one_change_of_the_secret() {
    let old = signer().sign(key(1), now(), Duration::minutes(5));
    let changing = LinkSigner::new(&[2; 32], Some(&[1; 32])).unwrap();
    assert_eq!(changing.verify(&old, now()), Ok(key(1)));
    let new = changing.sign(key(1), now(), Duration::minutes(5));
    assert_eq!(changing.verify(&new, now()), Ok(key(1)));
    assert_eq!(signer().verify(&new, now()), Err(LinkError::Signature));
    assert!(matches!(LinkSigner::new(&[1; 31], None), Err(ShortSecret)));
    assert!(matches!(LinkSigner::new(&[1; 32], Some(&[])), Err(ShortSecret)));
}

#[test]
fn no_link_lives_long() {
    let link = signer().sign(key(1), now(), Duration::days(365));
    assert_eq!(link.expires, (now() + LONGEST_LIFE).timestamp());
    let dead = signer().sign(key(1), now(), Duration::minutes(-5));
    assert_eq!(signer().verify(&dead, now()), Err(LinkError::Expired));
}

proptest! {
    #[test]
    fn a_signature_fits_nothing_else(seed in any::<u64>(), other in any::<u64>(), shift in 1_i64..1_000_000) {
        let link = signer().sign(key(seed), now(), Duration::minutes(1));
        prop_assert_eq!(signer().verify(&link, now()), Ok(key(seed)));
        if seed != other {
            let changed = SignedLink { key: key(other), ..link.clone() };
            prop_assert_eq!(signer().verify(&changed, now()), Err(LinkError::Signature));
        }
        let later = SignedLink { expires: link.expires + shift, ..link };
        prop_assert_eq!(signer().verify(&later, now()), Err(LinkError::Signature));
    }
}
