//! bcrypt (Provos and Mazières 1999) of several passwords at once.
//!
//! Each step of one bcrypt looks up words that the step before chose: most of the time a core waits for its own table.
//! Four that have nothing to do with each other fill those pauses, so that one core checks about three times as many a
//! second, each a quarter slower than alone. The crate `bcrypt`, which does one at a time, makes new hashes and is what the
//! tests compare this with.
//!
//! Owns: the raw function. Absent on purpose: the text form of hashes, salts, threads (identity's work). A crate of its own
//! so that builds for tests optimize it.

mod pi;

use pi::{BOXES, SUBKEYS};
use secrecy::zeroize::Zeroize;

/// Most at once; more gain nothing: by then the core is busy.
pub const LANES: usize = 4;

/// The 24 bytes that bcrypt ends with, of each password with its salt, all at one cost. A password has 1 to 72 bytes, the
/// zero byte behind it included.
pub fn bcrypt(cost: u32, inputs: &[(&[u8; 16], &[u8])]) -> Vec<[u8; 24]> {
    let mut ends = Vec::with_capacity(inputs.len());
    for together in inputs.chunks(LANES) {
        match together {
            [a, b, c, d] => ends.extend(side_by_side(cost, [a, b, c, d])),
            [a, b, c] => ends.extend(side_by_side(cost, [a, b, c])),
            [a, b] => ends.extend(side_by_side(cost, [a, b])),
            rest => ends.extend(rest.iter().flat_map(|one| side_by_side(cost, [one]))),
        }
    }
    ends
}

fn side_by_side<const N: usize>(cost: u32, inputs: [&(&[u8; 16], &[u8]); N]) -> [[u8; 24]; N] {
    let keys = inputs.map(|(_, password)| Key::cycled(password));
    let salt_keys = inputs.map(|(salt, _)| Key::cycled(&salt[..]));
    let mut lanes: [Lane; N] = std::array::from_fn(|n| Lane::new(&keys[n], &salt_keys[n]));
    for _ in 0..1_u64 << cost {
        expand(&mut lanes, &keys);
        expand(&mut lanes, &salt_keys);
    }
    let mut ends = [[0; 24]; N];
    for (place, block) in b"OrpheanBeholderScryDoubt".chunks_exact(8).enumerate() {
        let mut blocks = [[word(&block[..4]), word(&block[4..])]; N];
        for _ in 0..64 {
            encipher(&lanes, &mut blocks);
        }
        for (end, [left, right]) in ends.iter_mut().zip(blocks) {
            end[place * 8..][..4].copy_from_slice(&left.to_be_bytes());
            end[place * 8 + 4..][..4].copy_from_slice(&right.to_be_bytes());
        }
    }
    ends
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// Bytes over and over, as the 18 words that are mixed into the subkeys.
struct Key([u32; 18]);

impl Key {
    fn cycled(bytes: &[u8]) -> Self {
        let mut endless = bytes.iter().cycle().copied();
        Self(std::array::from_fn(|_| (0..4).fold(0, |word, _| word << 8 | u32::from(endless.next().unwrap_or(0)))))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The state of one Blowfish.
struct Lane {
    subkeys: [u32; 18],
    boxes: [[u32; 256]; 4],
}

impl Lane {
    /// After the first expansion, which mixes the salt into what is enciphered too.
    fn new(key: &Key, salt: &Key) -> Self {
        let mut lanes = [Self { subkeys: SUBKEYS, boxes: BOXES }];
        expand_with(&mut lanes, std::array::from_ref(key), |step, [block]| {
            block[0] ^= salt.0[step * 2 % 4];
            block[1] ^= salt.0[step * 2 % 4 + 1];
        });
        let [lane] = lanes;
        lane
    }

    fn round(&self, x: u32) -> u32 {
        // Masked rather than converted, for then the compiler sees both the byte and that it lies in the box.
        let at = |shift: u32| (x >> shift & 0xff) as usize;
        let [a, b, c, d] = &self.boxes;
        (a[at(24)].wrapping_add(b[at(16)]) ^ c[at(8)]).wrapping_add(d[at(0)])
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.subkeys.zeroize();
        self.boxes.zeroize();
    }
}

/// Mixes a key into each lane and replaces the whole state by what it enciphers.
fn expand<const N: usize>(lanes: &mut [Lane; N], keys: &[Key; N]) {
    expand_with(lanes, keys, |_, _| {});
}

#[inline(always)]
fn expand_with<const N: usize>(lanes: &mut [Lane; N], keys: &[Key; N], mix: impl Fn(usize, &mut [[u32; 2]; N])) {
    for (lane, key) in lanes.iter_mut().zip(keys) {
        lane.subkeys.iter_mut().zip(key.0).for_each(|(subkey, word)| *subkey ^= word);
    }
    let mut blocks = [[0; 2]; N];
    for step in 0..9 {
        mix(step, &mut blocks);
        encipher(lanes, &mut blocks);
        for (lane, block) in lanes.iter_mut().zip(blocks) {
            lane.subkeys[step * 2..][..2].copy_from_slice(&block);
        }
    }
    for table in 0..4 {
        for step in 0..128 {
            // 9 + 128 table + step, counted on from the subkeys; only its remainder by two is asked for.
            mix(9 + step, &mut blocks);
            encipher(lanes, &mut blocks);
            for (lane, block) in lanes.iter_mut().zip(blocks) {
                lane.boxes[table][step * 2..][..2].copy_from_slice(&block);
            }
        }
    }
}

/// Sixteen rounds of Blowfish on one block a lane: always the same step of every lane, then the next one.
#[inline(always)]
fn encipher<const N: usize>(lanes: &[Lane; N], blocks: &mut [[u32; 2]; N]) {
    for (lane, block) in lanes.iter().zip(&mut *blocks) {
        block[0] ^= lane.subkeys[0];
    }
    for round in 0..8 {
        for (lane, block) in lanes.iter().zip(&mut *blocks) {
            block[1] ^= lane.subkeys[round * 2 + 1] ^ lane.round(block[0]);
        }
        for (lane, block) in lanes.iter().zip(&mut *blocks) {
            block[0] ^= lane.subkeys[round * 2 + 2] ^ lane.round(block[1]);
        }
    }
    for (lane, block) in lanes.iter().zip(blocks) {
        *block = [block[1] ^ lane.subkeys[17], block[0]];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_end_is_the_crates(inputs in prop::collection::vec(any::<([u8; 16], Vec<u8>)>(), 0..10)) {
            let typed = |(_, text): &([u8; 16], Vec<u8>)| [&text[..text.len().min(71)], &[0]].concat();
            let typed: Vec<Vec<u8>> = inputs.iter().map(typed).collect();
            let pairs: Vec<_> = inputs.iter().zip(&typed).map(|((salt, _), text)| (salt, text.as_slice())).collect();
            let expected: Vec<_> = pairs.iter().map(|(salt, text)| bcrypt::bcrypt(4, **salt, text)).collect();
            prop_assert_eq!(super::bcrypt(4, &pairs), expected);
        }
    }
}
