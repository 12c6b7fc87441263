//! Cursors that clients keep: a place in the log, its epoch, and a checksum that binds both to the organization.

use kernel::cursor::CursorKey;
use kernel::ids::OrganizationId;
use store::log::Position;

/// Makes and reads the cursors of one epoch of the log.
#[derive(Clone)]
pub(crate) struct Cursors {
    key: CursorKey,
    epoch: i64,
}

const PREFIX: &str = "c_";
const PURPOSE: &str = "sync";

impl Cursors {
    pub(crate) fn new(key: CursorKey, epoch: i64) -> Self {
        Self { key, epoch }
    }

    pub(crate) fn write(&self, organization_id: OrganizationId, position: Position) -> String {
        let mut value = self.epoch.to_be_bytes().to_vec();
        value.extend_from_slice(&position.to_bytes());
        format!("{PREFIX}{}", self.key.seal(organization_id, PURPOSE, &value))
    }

    /// The place that `text` names, or `None` for anything not written here for this organization and epoch.
    pub(crate) fn read(&self, organization_id: OrganizationId, text: &str) -> Option<Position> {
        let value = self.key.open(organization_id, PURPOSE, text.strip_prefix(PREFIX)?)?;
        let (epoch, position) = value.split_at_checked(8)?;
        (epoch == self.epoch.to_be_bytes()).then(|| Position::from_bytes(position))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Ids;

    #[test]
    fn only_cursors_of_this_organization_and_epoch_are_read() {
        let (ours, theirs): (OrganizationId, OrganizationId) = (Ids::seeded(1).random(), Ids::seeded(2).random());
        let cursors = Cursors::new(CursorKey::new(b"key"), 1);
        let place = Position { txid: 7, id: 9 };
        let text = cursors.write(ours, place);
        assert!(text.starts_with("c_"));
        assert_eq!(cursors.read(ours, &text), Some(place));
        assert_eq!(cursors.read(theirs, &text), None);
        assert_eq!(Cursors::new(CursorKey::new(b"key"), 2).read(ours, &text), None, "the log was restored");
        assert_eq!(Cursors::new(CursorKey::new(b"other"), 1).read(ours, &text), None);
        for text in ["", "c_", "c_never_given_out", "é", &text[2..]] {
            assert_eq!(cursors.read(ours, text), None, "{text}");
        }
    }
}
