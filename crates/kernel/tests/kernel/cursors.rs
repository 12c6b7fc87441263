use kernel::cursor::CursorKey;
use kernel::ids::OrganizationId;
use proptest::prelude::*;
use uuid::Uuid;

proptest! {
    #[test]
    fn a_cursor_opens_only_where_it_was_sealed(value in prop::collection::vec(any::<u8>(), 0..40), flip in any::<prop::sample::Index>()) {
        let key = CursorKey::new(b"k");
        let (ours, theirs) = (OrganizationId(Uuid::from_u128(1)), OrganizationId(Uuid::from_u128(2)));
        let text = key.seal(ours, "list", &value);
        prop_assert_eq!(key.open(ours, "list", &text), Some(value));
        prop_assert_eq!(key.open(theirs, "list", &text), None);
        prop_assert_eq!(key.open(ours, "other", &text), None);
        prop_assert_eq!(CursorKey::new(b"x").open(ours, "list", &text), None);
        let mut bytes = text.into_bytes();
        let at = flip.index(bytes.len());
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        // The last character may carry bits that the decoder refuses or ignores; everything else must not open.
        if at + 1 < changed.len() {
            prop_assert_eq!(key.open(ours, "list", &changed), None);
        }
    }

    #[test]
    fn anything_made_up_is_refused_without_panic(text in ".*") {
        prop_assert_eq!(CursorKey::new(b"k").open(OrganizationId(Uuid::nil()), "list", &text), None);
    }
}
