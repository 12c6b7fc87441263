//! What an export claims to be, signed: of which chain and which part of it, by which filter, how many entries, and a
//! digest of them. So a filtered export can be checked as far as a filter allows: every entry is the chain's own, none
//! was changed, added or taken out since the installation signed it. That the filter left out nothing that it asks for
//! is the signature's word; a whole export shows it by itself, because its entries follow one another.

use super::lines::ExportLine;
use crate::chain::{Broken, Checker, Link};
use crate::head::{HeadKeys, is_signed};
use crate::store::Filter;
use crate::verify::Verdict;
use kernel::Error;
use kernel::ids::OrganizationId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::io::BufRead;
use uuid::Uuid;

/// What is signed, and which form it has.
const TAG: &[u8] = b"balcao-audit-export-1\n";

/// What an export is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub organization_id: Uuid,
    /// What was asked for; what is absent did not filter.
    pub filter: Filter,
    /// The part of the chain that was looked through; 0 and 0 for an empty one.
    pub first_seq: i64,
    pub last_seq: i64,
    /// Hash of the last entry that was looked through, hexadecimal.
    pub last_hash: String,
    /// Entries in the file.
    pub entries: u64,
    /// Entries between first and last that the filter left out.
    pub left_out: u64,
    /// SHA-256 over the hashes of the entries in the file, in their order, hexadecimal.
    pub digest: String,
}

/// The last line of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedManifest {
    /// A [`Manifest`], the very text that is signed.
    manifest: Box<RawValue>,
    /// Ed25519 over `balcao-audit-export-1`, a line end and the text, base64.
    signature: String,
    /// Ed25519, base64. Compare it with one that you kept.
    public_key: String,
}

impl SignedManifest {
    /// Entries in the file.
    pub(super) fn entries(&self) -> i64 {
        self.read().map_or(0, |manifest| i64::try_from(manifest.entries).unwrap_or(i64::MAX))
    }

    fn read(&self) -> Option<Manifest> {
        serde_json::from_str(self.manifest.get()).ok()
    }

    fn holds(&self) -> bool {
        is_signed(&self.public_key, &signed_bytes(self.manifest.get()), &self.signature)
    }
}

fn signed_bytes(text: &str) -> Vec<u8> {
    [TAG, text.as_bytes()].concat()
}

/// Counts what goes into an export while it is written.
pub(super) struct Tally {
    manifest: Manifest,
    hashes: Sha256,
    signed: Option<SignedManifest>,
}

impl Tally {
    pub fn new(organization: OrganizationId, filter: Filter) -> Self {
        let manifest = Manifest {
            organization_id: *organization,
            filter,
            first_seq: 0,
            last_seq: 0,
            last_hash: String::new(),
            entries: 0,
            left_out: 0,
            digest: String::new(),
        };
        Self { manifest, hashes: Sha256::new(), signed: None }
    }

    /// Whether the entry goes into the file.
    pub fn take(&mut self, link: &Link) -> bool {
        if self.manifest.first_seq == 0 {
            self.manifest.first_seq = link.seq;
        }
        self.manifest.last_seq = link.seq;
        self.manifest.last_hash = hex::encode(&link.hash);
        let takes = self.manifest.filter.takes(link);
        if takes {
            self.manifest.entries += 1;
            self.hashes.update(&link.hash);
        } else {
            self.manifest.left_out += 1;
        }
        takes
    }

    /// Ends the count.
    pub fn sign(&mut self, keys: &HeadKeys) -> Result<SignedManifest, Error> {
        self.manifest.digest = hex::encode(self.hashes.clone().finalize());
        let signed = |manifest: Box<RawValue>| {
            let (signature, public_key) = keys.sign_bytes(&signed_bytes(manifest.get()))?;
            Ok::<_, Error>(SignedManifest { manifest, signature, public_key })
        };
        let text = serde_json::value::to_raw_value(&self.manifest).map_err(Error::internal)?;
        self.signed = Some(signed(text.clone())?);
        signed(text)
    }

    /// What was signed at the end.
    pub fn signed(self) -> Option<SignedManifest> {
        self.signed
    }
}

/// How the manifest's line begins; no entry's does.
const END: &str = r#"{"manifest":"#;

/// Checks a `jsonl` export without a database: each entry, that those of a whole export follow one another, and that the
/// manifest at the end is signed and of these entries. Whose key signed it is told, not judged.
///
/// # Errors
/// When a line cannot be read.
pub fn check_export(lines: impl BufRead) -> std::io::Result<Verdict> {
    let (mut links, mut end) = (Vec::new(), None::<SignedManifest>);
    for line in lines.lines() {
        let line = line?;
        if line.starts_with(END) {
            end = Some(serde_json::from_str(&line).map_err(std::io::Error::other)?);
        } else {
            let entry: ExportLine = serde_json::from_str(&line).map_err(std::io::Error::other)?;
            links.push(entry.into_link());
        }
    }
    let first = links.first().map_or(0, |link: &Link| link.seq);
    let mut checker = Checker::from_the_middle((first - 1).max(0));
    let found = check(&mut checker, &links, end.as_ref());
    let public_key = end.map(|end| end.public_key);
    Ok(Verdict { public_key, ..Verdict::of(&checker, first, found.err().as_ref()) })
}

fn check(checker: &mut Checker, links: &[Link], end: Option<&SignedManifest>) -> Result<(), Broken> {
    let manifest = end.filter(|end| end.holds()).and_then(SignedManifest::read);
    let manifest = manifest.ok_or(Broken::Manifest { seq: checker.last().0 + 1 })?;
    let mut hashes = Sha256::new();
    for link in links {
        if manifest.left_out > 0 {
            checker.leave_out_until(link.seq);
        }
        checker.take(link)?;
        if !manifest.filter.takes(link) || link.organization_id != manifest.organization_id {
            return Err(Broken::Unasked { seq: link.seq });
        }
        hashes.update(&link.hash);
    }
    let found = u64::try_from(links.len()).unwrap_or(u64::MAX);
    if manifest.entries != found || manifest.digest != hex::encode(hashes.finalize()) {
        return Err(Broken::OtherEntries { seq: checker.last().0 + 1, claimed: manifest.entries, found });
    }
    Ok(())
}
