//! One level of a commitment tree: SHA-256 of every 64-byte pair of nodes, top two bits cleared.

use sha2::digest::generic_array::GenericArray;

/// Bytes of a node.
pub const NODE: usize = 32;
/// Bytes of a pair of nodes.
pub const PAIR: usize = 2 * NODE;

/// SHA-256's initial state. Source: FIPS 180-4 §5.3.3.
pub(crate) const INITIAL: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// The block that SHA-256 appends to a message of 64 bytes: a one bit, zeros, the length in bits.
pub(crate) const PADDING: [u8; 64] = {
    let mut block = [0; 64];
    block[0] = 0x80;
    block[62] = 0x02;
    block
};

/// Hashes the pairs of `nodes[..2 * half]` into `nodes[..half]`, in place. `half` is a multiple of [`NODE`].
pub fn hash_pairs_in_place(nodes: &mut [u8], half: usize) {
    assert!(half.is_multiple_of(NODE) && nodes.len() >= 2 * half);
    let base = nodes.as_mut_ptr();
    // SAFETY: both ranges lie within `nodes`. Writing node i needs pair i read, which every road does first.
    unsafe { hash_pairs_raw(base, base, half / NODE) }
}

/// Hashes the pairs of `input` into `output`, which is half as long.
pub fn hash_pairs(input: &[u8], output: &mut [u8]) {
    assert!(input.len().is_multiple_of(PAIR) && output.len() * 2 == input.len());
    // SAFETY: the lengths were just checked, and a mutable slice overlaps nothing.
    unsafe { hash_pairs_raw(input.as_ptr(), output.as_mut_ptr(), input.len() / PAIR) }
}

/// # Safety
/// `input` must be readable for `pairs` * 64 bytes and `output` writable for `pairs` * 32. They may be the
/// same address.
unsafe fn hash_pairs_raw(input: *const u8, output: *mut u8, pairs: usize) {
    #[cfg(target_arch = "x86_64")]
    if crate::pair_hash_sha_ni::available() {
        crate::pair_hash_sha_ni::hash_pairs(input, output, pairs);
        return;
    }
    hash_pairs_scalar(input, output, pairs);
}

/// # Safety
/// As [`hash_pairs_raw`].
unsafe fn hash_pairs_scalar(input: *const u8, output: *mut u8, pairs: usize) {
    let padding = GenericArray::from(PADDING);
    for pair in 0..pairs {
        let mut block = [0; PAIR];
        std::ptr::copy_nonoverlapping(input.add(pair * PAIR), block.as_mut_ptr(), PAIR);
        let mut state = INITIAL;
        sha2::compress256(&mut state, &[GenericArray::from(block), padding]);
        let mut node = [0; NODE];
        for (bytes, word) in node.chunks_exact_mut(4).zip(state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        node[NODE - 1] &= 0x3f;
        std::ptr::copy_nonoverlapping(node.as_ptr(), output.add(pair * NODE), NODE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn by_definition(input: &[u8]) -> Vec<u8> {
        let mut nodes = Vec::new();
        for pair in input.chunks_exact(PAIR) {
            let mut node = Sha256::digest(pair);
            node[NODE - 1] &= 0x3f;
            nodes.extend_from_slice(&node);
        }
        nodes
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut state = length as u32 + 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn every_road_hashes_as_defined() {
        for pairs in 0..=37 {
            let input = noise(pairs * PAIR);
            let expected = by_definition(&input);

            let mut output = vec![0; pairs * NODE];
            hash_pairs(&input, &mut output);
            assert_eq!(output, expected);

            let mut scalar = vec![0; pairs * NODE];
            // SAFETY: the buffers have the lengths that `pairs` says.
            unsafe { hash_pairs_scalar(input.as_ptr(), scalar.as_mut_ptr(), pairs) };
            assert_eq!(scalar, expected);

            let mut in_place = input;
            hash_pairs_in_place(&mut in_place, pairs * NODE);
            assert_eq!(in_place[..pairs * NODE], expected);
        }
    }
}
