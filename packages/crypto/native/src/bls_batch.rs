//! Many BLS signatures at once: a random linear combination of them, one final exponentiation for all.
//!
//! With factors r: e(g, sum of r S) = product over keys k of e(k, sum of r H(m) over what k signed). So a key costs one
//! pairing however much it signed, and few keys sign nearly everything.

use std::any::Any;
use std::collections::HashMap;

use blst::min_pk::{PublicKey, Signature};
use blst::*;

use crate::bls::{key, signature, verify, DOMAIN, PUBLIC_KEY};

/// Bytes of the random factor of one signature: a forger has a chance of 2^-63 to cancel out, and each try needs
/// another proposal to us.
pub const FACTOR: usize = 8;

/// Signatures checked together, and the parts into which a batch falls that fails.
const BATCH: usize = 64;
const PART: usize = 8;

/// One signature of a batch.
pub struct Claim<'a> {
    pub signature: &'a [u8],
    pub key: &'a [u8],
    pub message: &'a [u8],
    /// [`FACTOR`] bytes that whoever made the signatures could not predict.
    pub factor: &'a [u8],
}

/// A claim whose points are known to lie in their subgroups, not at infinity.
struct Parsed<'a> {
    place: usize,
    signature: Signature,
    key: PublicKey,
    key_bytes: [u8; PUBLIC_KEY],
    message: &'a [u8],
    factor: [u8; FACTOR],
}

impl<'a> Parsed<'a> {
    fn new(place: usize, claim: &Claim<'a>) -> Option<Self> {
        let mut factor = <[u8; FACTOR]>::try_from(claim.factor).ok()?;
        factor[0] |= 1; // a factor of zero would leave its signature unchecked
        Some(Parsed {
            place,
            signature: signature(claim.signature)?,
            key: key(claim.key)?,
            key_bytes: claim.key.try_into().ok()?,
            message: claim.message,
            factor,
        })
    }

    fn hash(&self) -> blst_p2 {
        let mut point = blst_p2::default();
        // SAFETY: the lengths are those of the slices; no augmentation.
        unsafe {
            blst_hash_to_g2(
                &mut point,
                self.message.as_ptr(),
                self.message.len(),
                DOMAIN.as_ptr(),
                DOMAIN.len(),
                std::ptr::null(),
                0,
            )
        }
        point
    }
}

fn affine(point: &blst_p2) -> blst_p2_affine {
    let mut out = blst_p2_affine::default();
    // SAFETY: plain values.
    unsafe { blst_p2_to_affine(&mut out, point) }
    out
}

/// The sum of factor times point.
fn combined(points: &[blst_p2_affine], factors: &[[u8; FACTOR]]) -> blst_p2 {
    assert_eq!(points.len(), factors.len());
    let points: Vec<*const blst_p2_affine> = points.iter().map(std::ptr::from_ref).collect();
    let factors: Vec<*const u8> = factors.iter().map(|factor| factor.as_ptr()).collect();
    let mut sum = blst_p2::default();
    // SAFETY: as many points as factors, each of 8 * FACTOR bits; the scratch space has the size asked for (in bytes).
    unsafe {
        let bytes = blst_p2s_mult_pippenger_scratch_sizeof(points.len());
        let mut scratch = vec![0 as limb_t; bytes.div_ceil(size_of::<limb_t>())];
        blst_p2s_mult_pippenger(
            &mut sum,
            points.as_ptr(),
            points.len(),
            factors.as_ptr(),
            8 * FACTOR,
            scratch.as_mut_ptr(),
        );
    }
    sum
}

fn is_infinite(point: &blst_p2) -> bool {
    // SAFETY: a plain value.
    unsafe { blst_p2_is_inf(point) }
}

/// Whether all of these verify.
fn together(claims: &[Parsed]) -> bool {
    let mut pairing = Pairing::new(true, DOMAIN);
    let mut by_key: HashMap<&[u8; PUBLIC_KEY], Vec<&Parsed>> = HashMap::new();
    for claim in claims {
        by_key.entry(&claim.key_bytes).or_default().push(claim);
    }
    for signed in by_key.values() {
        let key: &blst_p1_affine = (&signed[0].key).into();
        if let [only] = signed[..] {
            // The factor is cheaper on the key than on the hash.
            let mut scaled = blst_p1::default();
            let mut scaled_affine = blst_p1_affine::default();
            // SAFETY: plain values, a factor of 8 * FACTOR bits.
            unsafe {
                blst_p1_from_affine(&mut scaled, key);
                let whole = scaled;
                blst_p1_mult(&mut scaled, &whole, only.factor.as_ptr(), 8 * FACTOR);
                blst_p1_to_affine(&mut scaled_affine, &scaled);
            }
            pairing.raw_aggregate(&affine(&only.hash()), &scaled_affine);
            continue;
        }
        let hashes: Vec<blst_p2_affine> = signed.iter().map(|claim| affine(&claim.hash())).collect();
        let factors: Vec<[u8; FACTOR]> = signed.iter().map(|claim| claim.factor).collect();
        let sum = combined(&hashes, &factors);
        if is_infinite(&sum) {
            return false;
        }
        pairing.raw_aggregate(&affine(&sum), key);
    }
    let signatures: Vec<blst_p2_affine> = claims
        .iter()
        .map(|claim| *<&blst_p2_affine>::from(&claim.signature))
        .collect();
    let factors: Vec<[u8; FACTOR]> = claims.iter().map(|claim| claim.factor).collect();
    let sum = combined(&signatures, &factors);
    if is_infinite(&sum) {
        return false;
    }
    pairing.commit();
    let mut expected = blst_fp12::default();
    Pairing::aggregated(&mut expected, &affine(&sum) as &dyn Any);
    pairing.finalverify(Some(&expected))
}

/// Whether every signature verifies. False for an empty batch and for malformed input.
pub fn verify_batch(claims: &[Claim]) -> bool {
    let parsed: Option<Vec<Parsed>> = claims
        .iter()
        .enumerate()
        .map(|(place, claim)| Parsed::new(place, claim))
        .collect();
    parsed.is_some_and(|parsed| !parsed.is_empty() && parsed.chunks(BATCH).all(together))
}

/// Whether each signature verifies, in order. Good ones are checked many at once; a batch that fails is taken apart
/// until it is known which of its signatures are wrong, so that a forger costs others little.
pub fn verify_each(claims: &[Claim]) -> Vec<bool> {
    let mut verdicts = vec![false; claims.len()];
    let parsed: Vec<Parsed> = claims
        .iter()
        .enumerate()
        .filter_map(|(place, claim)| Parsed::new(place, claim))
        .collect();
    for batch in parsed.chunks(BATCH) {
        let good = batch.len() > 1 && together(batch);
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
    use crate::bls::tests::{signed, Signed};
    use crate::bls::SIGNATURE;

    fn claims<'a>(all: &'a [Signed], factors: &'a [[u8; FACTOR]]) -> Vec<Claim<'a>> {
        all.iter()
            .zip(factors)
            .map(|(one, factor)| Claim {
                signature: &one.signature,
                key: &one.key,
                message: &one.message,
                factor,
            })
            .collect()
    }

    fn factors(count: usize) -> Vec<[u8; FACTOR]> {
        (0..count).map(|at| [at as u8 + 7; FACTOR]).collect()
    }

    fn batch(all: &[Signed]) -> bool {
        verify_batch(&claims(all, &factors(all.len())))
    }

    #[test]
    fn a_batch_verifies_only_when_all_do() {
        let mut all: Vec<Signed> = (1..=70).map(|seed| signed(seed % 5 + 1)).collect();
        all.push(signed(9));
        assert!(batch(&all));
        assert!(batch(&all[..1]));
        assert!(!batch(&[]));
        for at in [0, 3, 70] {
            all[at].message.push(0);
            assert!(!batch(&all));
            all[at].message.pop();
        }
        assert!(batch(&all));
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
        let mut all: Vec<Signed> = (1..=140).map(|at| signed(at % 50 + 1)).collect();
        let wrong = [0usize, 1, 33, 64, 69, 139];
        for at in wrong {
            all[at].message.push(0);
        }
        all[40].signature = [0; SIGNATURE];
        all[41].key = [0xc0; PUBLIC_KEY];
        let factors = factors(all.len());
        let claims = claims(&all, &factors);
        let expected: Vec<bool> = (0..all.len())
            .map(|at| !wrong.contains(&at) && at != 40 && at != 41)
            .collect();
        assert_eq!(verify_each(&claims), expected);
        assert_eq!(verify_each(&claims[2..33]), vec![true; 31]);
        assert_eq!(verify_each(&claims[..1]), [false]);
        assert!(verify_each(&[]).is_empty());
    }
}
