//! BLS12-381 signatures in G2 under Filecoin's domain separation tag.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;

use blst::min_pk::{PublicKey, Signature};
use blst::{blst_p1_affine, blst_p2_affine, Pairing, BLST_ERROR};

/// Source: filecoin-project/lotus lib/sigs/bls/init.go. Ethereum's tag (POP) gives other signatures.
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";

pub const PUBLIC_KEY: usize = 48;
pub const SIGNATURE: usize = 96;

/// Bytes of the random factor of one signature of a batch: a forger has a chance of 2^-127 to cancel out.
pub const FACTOR: usize = 16;

/// Decompressed and checked keys: few keys sign nearly everything.
const CACHED_KEYS: usize = 1024;

thread_local! {
    static KEYS: RefCell<HashMap<[u8; PUBLIC_KEY], PublicKey>> = RefCell::new(HashMap::new());
}

/// The key as a point of the subgroup, not at infinity; None for anything else.
fn key(bytes: &[u8]) -> Option<PublicKey> {
    let name: [u8; PUBLIC_KEY] = bytes.try_into().ok()?;
    KEYS.with_borrow_mut(|keys| {
        if let Some(known) = keys.get(&name) {
            return Some(*known);
        }
        let fresh = PublicKey::key_validate(&name).ok()?;
        if keys.len() >= CACHED_KEYS {
            keys.clear();
        }
        keys.insert(name, fresh);
        Some(fresh)
    })
}

/// The signature as a point of the subgroup, not at infinity; None for anything else.
fn signature(bytes: &[u8]) -> Option<Signature> {
    if bytes.len() != SIGNATURE {
        return None;
    }
    Signature::sig_validate(bytes, true).ok()
}

fn key_point(key: &PublicKey) -> &dyn Any {
    let point: &blst_p1_affine = key.into();
    point
}

fn signature_point(signature: &Signature) -> &dyn Any {
    let point: &blst_p2_affine = signature.into();
    point
}

/// Whether the signature of `message` verifies. False for malformed input.
pub fn verify(signature_bytes: &[u8], key_bytes: &[u8], message: &[u8]) -> bool {
    let (Some(signature), Some(key)) = (signature(signature_bytes), key(key_bytes)) else {
        return false;
    };
    let mut pairing = Pairing::new(true, DOMAIN);
    let added = pairing.aggregate(
        key_point(&key),
        false,
        signature_point(&signature),
        false,
        message,
        &[],
    );
    if added != BLST_ERROR::BLST_SUCCESS {
        return false;
    }
    pairing.commit();
    pairing.finalverify(None)
}

/// One signature of a batch.
pub struct Claim<'a> {
    pub signature: &'a [u8],
    pub key: &'a [u8],
    pub message: &'a [u8],
    /// [`FACTOR`] bytes that whoever made the signatures could not predict.
    pub factor: &'a [u8],
}

/// Whether every signature verifies: a random linear combination of them, one final exponentiation for all.
/// False for an empty batch and for malformed input.
pub fn verify_batch<'a>(claims: impl IntoIterator<Item = Claim<'a>>) -> bool {
    let mut pairing = Pairing::new(true, DOMAIN);
    let mut some = false;
    for claim in claims {
        let (Some(signature), Some(key)) = (signature(claim.signature), key(claim.key)) else {
            return false;
        };
        let Ok(mut factor) = <[u8; FACTOR]>::try_from(claim.factor) else {
            return false;
        };
        factor[0] |= 1; // a factor of zero would leave its signature unchecked
        let added = pairing.mul_n_aggregate(
            key_point(&key),
            false,
            signature_point(&signature),
            false,
            &factor,
            8 * FACTOR,
            claim.message,
            &[],
        );
        if added != BLST_ERROR::BLST_SUCCESS {
            return false;
        }
        some = true;
    }
    pairing.commit();
    some && pairing.finalverify(None)
}

/// Signatures checked together at first, and the parts into which a batch falls that fails.
const BATCH: usize = 32;
const PART: usize = 8;

/// A claim whose points are known to be good.
struct Parsed<'a> {
    place: usize,
    signature: Signature,
    key: PublicKey,
    message: &'a [u8],
    factor: [u8; FACTOR],
}

fn together(parsed: &[Parsed]) -> bool {
    let mut pairing = Pairing::new(true, DOMAIN);
    for one in parsed {
        let added = pairing.mul_n_aggregate(
            key_point(&one.key),
            false,
            signature_point(&one.signature),
            false,
            &one.factor,
            8 * FACTOR,
            one.message,
            &[],
        );
        if added != BLST_ERROR::BLST_SUCCESS {
            return false;
        }
    }
    pairing.commit();
    pairing.finalverify(None)
}

/// Whether each signature verifies, in order. Good ones are checked many at once; a batch that fails is taken apart
/// until it is known which of its signatures are wrong, so that a forger costs others little.
pub fn verify_each(claims: &[Claim]) -> Vec<bool> {
    let mut verdicts = vec![false; claims.len()];
    let parsed: Vec<Parsed> = claims
        .iter()
        .enumerate()
        .filter_map(|(place, claim)| {
            let mut factor = <[u8; FACTOR]>::try_from(claim.factor).ok()?;
            factor[0] |= 1; // a factor of zero would leave its signature unchecked
            Some(Parsed {
                place,
                signature: signature(claim.signature)?,
                key: key(claim.key)?,
                message: claim.message,
                factor,
            })
        })
        .collect();
    for batch in parsed.chunks(BATCH) {
        let good = together(batch);
        for part in batch.chunks(PART) {
            let part_good = good || (batch.len() > PART && together(part));
            for one in part {
                let claim = &claims[one.place];
                verdicts[one.place] = part_good || verify(claim.signature, claim.key, claim.message);
            }
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use blst::min_pk::SecretKey;

    struct Signed {
        signature: [u8; SIGNATURE],
        key: [u8; PUBLIC_KEY],
        message: Vec<u8>,
    }

    fn signed(seed: u8) -> Signed {
        let secret = SecretKey::key_gen(&[seed; 32], &[]).unwrap();
        let message = vec![seed; seed as usize];
        Signed {
            signature: secret.sign(&message, DOMAIN, &[]).compress(),
            key: secret.sk_to_pk().compress(),
            message,
        }
    }

    fn batch(all: &[Signed]) -> bool {
        let factors: Vec<[u8; FACTOR]> = (0..all.len()).map(|at| [at as u8 + 7; FACTOR]).collect();
        verify_batch(all.iter().zip(&factors).map(|(one, factor)| Claim {
            signature: &one.signature,
            key: &one.key,
            message: &one.message,
            factor,
        }))
    }

    #[test]
    fn a_signature_verifies_for_its_key_and_message_only() {
        let (one, two) = (signed(1), signed(2));
        for _ in 0..2 {
            assert!(verify(&one.signature, &one.key, &one.message));
            assert!(!verify(&one.signature, &two.key, &one.message));
            assert!(!verify(&one.signature, &one.key, &two.message));
            assert!(!verify(&two.signature, &one.key, &one.message));
        }
    }

    #[test]
    fn malformed_points_are_false() {
        let one = signed(1);
        let mut infinity = [0; SIGNATURE];
        infinity[0] = 0xc0;
        assert!(!verify(&infinity, &one.key, &one.message));
        assert!(!verify(&infinity, &infinity[..PUBLIC_KEY], &one.message));
        assert!(!verify(&one.signature[1..], &one.key, &one.message));
        assert!(!verify(&one.signature, &one.key[1..], &one.message));
        assert!(!verify(&[0xff; SIGNATURE], &one.key, &one.message));
        assert!(!verify(&[], &[], &[]));
    }

    #[test]
    fn a_batch_verifies_only_when_all_do() {
        let mut all: Vec<Signed> = (1..=5).map(signed).collect();
        assert!(batch(&all));
        assert!(batch(&all[..1]));
        assert!(!batch(&[]));
        all[3].message.push(0);
        assert!(!batch(&all));
    }

    #[test]
    fn two_wrong_signatures_cannot_cancel_out() {
        // Swapped signatures have the right sum; only the random factors tell.
        let mut all: Vec<Signed> = (1..=2).map(signed).collect();
        let [one, two] = &mut all[..] else { unreachable!() };
        std::mem::swap(&mut one.signature, &mut two.signature);
        assert!(!batch(&all));
    }

    #[test]
    fn each_of_a_batch_is_judged_alone() {
        let mut all: Vec<Signed> = (1..=70).map(signed).collect();
        let wrong = [0usize, 1, 33, 64, 69];
        for at in wrong {
            all[at].message.push(0);
        }
        all[40].signature = [0; SIGNATURE];
        all[41].key = [0xc0; PUBLIC_KEY];
        let factors: Vec<[u8; FACTOR]> = (0..all.len()).map(|at| [at as u8 + 7; FACTOR]).collect();
        let claims: Vec<Claim> = all
            .iter()
            .zip(&factors)
            .map(|(one, factor)| Claim {
                signature: &one.signature,
                key: &one.key,
                message: &one.message,
                factor,
            })
            .collect();
        let expected: Vec<bool> = (0..70)
            .map(|at| !wrong.contains(&at) && at != 40 && at != 41)
            .collect();
        assert_eq!(verify_each(&claims), expected);
        assert_eq!(verify_each(&claims[2..33]), vec![true; 31]);
        assert!(verify_each(&[]).is_empty());
    }
}
