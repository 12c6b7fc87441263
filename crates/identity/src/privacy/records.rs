//! The rest of a person's copy: tables that no other file of the archive shows.

/// A table whose rows about a person are in `records.json`. A test compares the list with the database's catalogue and
/// with what is written.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    pub table: &'static str,
    /// Columns that prove who somebody is, are unreadable, or name somebody else.
    pub left_out: &'static [&'static str],
}

const fn records(table: &'static str, left_out: &'static [&'static str]) -> Records {
    Records { table, left_out }
}

/// Every such table; the statement is `store::privacy::records`.
pub const RECORDS: &[Records] = &[
    records("known_devices", &["device_hash"]),
    records("one_time_links", &["token_hash", "data"]),
    records("passkeys", &["credential_id", "credential"]),
    records("totp_factors", &["secret_sealed", "last_step"]),
    records("recovery_codes", &["code_hash"]),
    records("user_identities", &[]),
    records("invitations", &["token_hash"]),
    records("role_assignments", &[]),
    records("impersonations", &["by_name"]),
    records("privacy_exports", &["blob_key"]),
    records("erasures", &[]),
];
