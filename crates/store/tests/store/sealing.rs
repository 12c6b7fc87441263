use kernel::Ids;
use proptest::prelude::*;
use secrecy::SecretSlice;
use store::{Place, Sealer};

fn place<'a>(organization: &'a [u8], row: &'a [u8]) -> Place<'a> {
    Place { organization, table: "channel_secrets", column: "sealed", row }
}

proptest! {
    #[test]
    fn a_value_opens_only_in_its_place(value in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let sealer = Sealer::new(vec![SecretSlice::from(vec![7; 32])]);
        let mut sealed = sealer.seal(&Ids::seeded(1), place(b"a", b"1"), &value).unwrap();
        prop_assert_eq!(sealer.open(place(b"a", b"1"), &sealed).unwrap(), value);
        prop_assert!(sealer.open(place(b"a", b"2"), &sealed).is_err(), "copied to another row");
        prop_assert!(sealer.open(place(b"b", b"1"), &sealed).is_err(), "copied to another organization");
        let at = at.index(sealed.len());
        sealed[at] ^= 1;
        prop_assert!(sealer.open(place(b"a", b"1"), &sealed).is_err(), "changed");
    }
}

#[test]
fn an_earlier_key_still_opens_and_no_longer_seals() {
    let (old, new) = (SecretSlice::from(vec![1; 32]), SecretSlice::from(vec![2; 32]));
    let before = Sealer::new(vec![old.clone()]);
    let after = Sealer::new(vec![new.clone(), old]);
    let ids = Ids::seeded(1);
    let sealed = before.seal(&ids, place(b"a", b"1"), b"secret").unwrap();
    assert_eq!(after.open(place(b"a", b"1"), &sealed).unwrap(), b"secret");
    let resealed = after.seal(&ids, place(b"a", b"1"), b"secret").unwrap();
    assert!(before.open(place(b"a", b"1"), &resealed).is_err());
    assert_ne!(before.derive("x"), after.derive("x"));
    assert_ne!(after.derive("x"), after.derive("y"));
}
