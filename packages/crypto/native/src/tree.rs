//! The root of a commitment tree over payload.

use std::cell::RefCell;

use crate::fr32::{expand, EXPANDED, GROUP};
use crate::pair_hash::{hash_pairs_in_place, NODE};

/// Groups expanded and hashed at once: 256 KiB, which stays in a core's second-level cache.
const BATCH_GROUPS: usize = 2048;

thread_local! {
    static BATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; BATCH_GROUPS * EXPANDED]);
}

/// Hashes `nodes` (a power of two of them) level by level to one.
fn reduce(nodes: &mut [u8]) -> [u8; NODE] {
    let mut length = nodes.len();
    while length > NODE {
        length /= 2;
        hash_pairs_in_place(nodes, length);
    }
    nodes[..NODE].try_into().expect("one node")
}

/// As [`reduce`], in parts that stay in the cache.
pub(crate) fn reduce_expanded(nodes: &mut [u8]) -> [u8; NODE] {
    let mut roots = Vec::with_capacity(nodes.len().div_ceil(BATCH_GROUPS * EXPANDED) * NODE);
    for part in nodes.chunks_mut(BATCH_GROUPS * EXPANDED) {
        roots.extend_from_slice(&reduce(part));
    }
    reduce(&mut roots)
}

/// The root over payload of 127 bytes times a power of two; None for any other length.
pub fn fr32_tree_root(payload: &[u8]) -> Option<[u8; NODE]> {
    let groups = payload.len() / GROUP;
    if !payload.len().is_multiple_of(GROUP) || !groups.is_power_of_two() {
        return None;
    }
    BATCH.with_borrow_mut(|batch| {
        let mut roots = Vec::with_capacity(groups.div_ceil(BATCH_GROUPS) * NODE);
        for part in payload.chunks(BATCH_GROUPS * GROUP) {
            let expanded = &mut batch[..part.len() / GROUP * EXPANDED];
            expand(part, expanded);
            roots.extend_from_slice(&reduce(expanded));
        }
        Some(reduce(&mut roots))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn roots_of_constant_payload_are_the_recorded_ones() {
        // Source: go-fil-commp-hashhash v0.4.0.
        for (byte, length, root) in [
            (
                0x00,
                127,
                "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333",
            ),
            (
                0xff,
                127,
                "658bb1213688f453af508ba982f96e6151f0d5ae0b2618c143842abbce923b39",
            ),
            (
                0xcc,
                2032,
                "c005dcaf8dfd4c0ce119679c1a78cd364db8654a8a6d1036f5b0d6025bf00f35",
            ),
        ] {
            assert_eq!(hex(&fr32_tree_root(&vec![byte; length]).unwrap()), root);
        }
    }

    #[test]
    fn several_batches_join() {
        let payload: Vec<u8> = (0..4 * BATCH_GROUPS * GROUP)
            .map(|at| ((at * 31) >> 3) as u8)
            .collect();
        let mut roots = Vec::new();
        for quarter in payload.chunks(BATCH_GROUPS * GROUP) {
            roots.extend_from_slice(&fr32_tree_root(quarter).unwrap());
        }
        assert_eq!(fr32_tree_root(&payload).unwrap(), reduce(&mut roots));
    }

    #[test]
    fn other_lengths_are_refused() {
        for length in [0, 1, 128, 3 * GROUP] {
            assert_eq!(fr32_tree_root(&vec![0; length]), None);
        }
    }
}
