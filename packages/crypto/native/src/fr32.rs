//! fr32 expansion: every 127 bytes of payload become 128, two zero bits after each 254.

/// Payload bytes of one group, and its expanded bytes.
pub const GROUP: usize = 127;
pub const EXPANDED: usize = 128;

/// Two zero bits at the top of a field element's last word.
const TOP: u64 = 0x3fff_ffff_ffff_ffff;

/// Expands whole groups. `expanded` is 128/127 as long as `payload`.
pub fn expand(payload: &[u8], expanded: &mut [u8]) {
    assert!(payload.len().is_multiple_of(GROUP) && expanded.len() == payload.len() / GROUP * EXPANDED);
    for (from, to) in payload
        .chunks_exact(GROUP)
        .zip(expanded.chunks_exact_mut(EXPANDED))
    {
        let mut words = [0u64; 16];
        for (word, bytes) in words.iter_mut().zip(from.chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        }
        let mut tail = [0; 8];
        tail[..7].copy_from_slice(&from[120..]);
        words[15] = u64::from_le_bytes(tail);

        // Element k starts 2k bits earlier in the payload than in the expansion.
        let element = |first: usize, shift: u32| -> [u64; 4] {
            if shift == 0 {
                return [words[0], words[1], words[2], words[3] & TOP];
            }
            let at = |word: usize| words[word] >> (64 - shift) | words[word + 1] << shift;
            [at(first), at(first + 1), at(first + 2), at(first + 3) & TOP]
        };
        let elements = [element(0, 0), element(3, 2), element(7, 4), element(11, 6)];
        for (bytes, word) in to.chunks_exact_mut(8).zip(elements.iter().flatten()) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, as the definition has it.
    fn by_definition(payload: &[u8]) -> Vec<u8> {
        let mut expanded = vec![0u8; payload.len() / GROUP * EXPANDED];
        for bit in 0..payload.len() * 8 {
            let set = payload[bit / 8] >> (bit % 8) & 1;
            let to = bit / 254 * 256 + bit % 254;
            expanded[to / 8] |= set << (to % 8);
        }
        expanded
    }

    #[test]
    fn expands_as_defined() {
        let payload: Vec<u8> = (0..GROUP * 5).map(|at| (at * 167 + 13) as u8).collect();
        let mut expanded = vec![0; EXPANDED * 5];
        expand(&payload, &mut expanded);
        assert_eq!(expanded, by_definition(&payload));

        expand(&[0xff; GROUP], &mut expanded[..EXPANDED]);
        assert_eq!(expanded[..EXPANDED], by_definition(&[0xff; GROUP]));
    }
}
