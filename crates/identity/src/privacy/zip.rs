//! A zip archive (PKWARE APPNOTE 6.3.10) of a few texts in memory: deflated entries, no encryption, no zip64.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use kernel::Error;
use std::io::Write as _;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Version 2.0: deflate.
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const DEFLATED: u16 = 8;
/// 1980-01-01: an archive of the same texts has the same bytes.
const DATE: u16 = (1 << 5) | 1;

/// The archive of these entries, in order.
///
/// # Errors
/// Beyond 4 GiB or 65 535 entries.
pub fn archive(entries: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, Error> {
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).map_err(Error::internal)?;
        let deflated = encoder.finish().map_err(Error::internal)?;
        let mut sum = flate2::Crc::new();
        sum.update(content);
        let offset = size(bytes.len())?;
        // What the local header and the central directory say alike.
        let mut facts = Vec::new();
        short(&mut facts, &[VERSION, FLAGS, DEFLATED, 0, DATE]);
        long(&mut facts, &[sum.sum(), size(deflated.len())?, size(content.len())?]);
        short(&mut facts, &[u16::try_from(name.len()).map_err(Error::internal)?, 0]);
        long(&mut bytes, &[LOCAL]);
        bytes.extend_from_slice(&facts);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&deflated);
        long(&mut central, &[CENTRAL]);
        short(&mut central, &[VERSION]);
        central.extend_from_slice(&facts);
        // No comment, first disk, no attributes.
        short(&mut central, &[0, 0, 0]);
        long(&mut central, &[0, offset]);
        central.extend_from_slice(name.as_bytes());
    }
    let count = u16::try_from(entries.len()).map_err(Error::internal)?;
    let (start, length) = (size(bytes.len())?, size(central.len())?);
    bytes.extend_from_slice(&central);
    long(&mut bytes, &[END]);
    short(&mut bytes, &[0, 0, count, count]);
    long(&mut bytes, &[length, start]);
    short(&mut bytes, &[0]);
    Ok(bytes)
}

fn size(bytes: usize) -> Result<u32, Error> {
    u32::try_from(bytes).map_err(Error::internal)
}

fn short(to: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|value| to.extend_from_slice(&value.to_le_bytes()));
}

fn long(to: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| to.extend_from_slice(&value.to_le_bytes()));
}
