//! fr32 expansion: every 127 bytes of payload become 128, two zero bits after each 254; and its reverse.

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

/// Takes the payload out of whole expanded groups. `payload` is 127/128 as long as `expanded`.
///
/// Bits that expansion leaves zero are not checked; where they are set, the result is what lotus makes of them: the
/// first element's leak into the second by or, the second's and third's onwards by exclusive or, the fourth's are
/// dropped. Source: filecoin-project/lotus storage/sealer/fr32/fr32.go (unpad).
pub fn contract(expanded: &[u8], payload: &mut [u8]) {
    assert!(expanded.len().is_multiple_of(EXPANDED) && payload.len() == expanded.len() / EXPANDED * GROUP);
    for (from, to) in expanded
        .chunks_exact(EXPANDED)
        .zip(payload.chunks_exact_mut(GROUP))
    {
        let mut words = [0u64; 16];
        for (word, bytes) in words.iter_mut().zip(from.chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        }
        words[15] &= TOP;
        let mut out = [0u64; 16];
        out[..4].copy_from_slice(&words[..4]);
        for (element, shift) in [(4, 2), (8, 4), (12, 6)] {
            // Where the element before ends, this one's first bits begin.
            let first = words[element] << (64 - shift);
            let border = &mut out[element - 1];
            *border = if shift == 2 {
                *border | first
            } else {
                *border ^ first
            };
            for word in element..element + 4 {
                let next = if word % 4 == 3 {
                    0
                } else {
                    words[word + 1] << (64 - shift)
                };
                out[word] = words[word] >> shift | next;
            }
        }
        let (whole, tail) = to.split_at_mut(120);
        for (bytes, word) in whole.chunks_exact_mut(8).zip(out) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        tail.copy_from_slice(&out[15].to_le_bytes()[..7]);
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

    #[test]
    fn contracts_what_it_expanded() {
        let payload: Vec<u8> = (0..GROUP * 3).map(|at| (at * 89 + 7) as u8).collect();
        let mut expanded = vec![0; EXPANDED * 3];
        expand(&payload, &mut expanded);
        let mut back = vec![0; GROUP * 3];
        contract(&expanded, &mut back);
        assert_eq!(back, payload);
    }
}
