//! A place in the log: (writing transaction, number). Commit-safe, unlike the number alone.

/// Everything up to and including this place has been seen. Ordered as the log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub txid: i64,
    pub id: i64,
}

impl Position {
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.txid.to_be_bytes());
        bytes[8..].copy_from_slice(&self.id.to_be_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (txid, id) = bytes.split_at_checked(8)?;
        Some(Self { txid: i64::from_be_bytes(txid.try_into().ok()?), id: i64::from_be_bytes(id.try_into().ok()?) })
    }
}
