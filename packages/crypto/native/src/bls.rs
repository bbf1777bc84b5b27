//! BLS12-381 signatures in G2 under Filecoin's domain separation tag.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;

use blst::min_pk::{PublicKey, SecretKey, Signature};
use blst::{blst_p1_affine, blst_p2_affine, Pairing, BLST_ERROR};

/// Source: filecoin-project/lotus lib/sigs/bls/init.go. Ethereum's tag (POP) gives other signatures.
pub(crate) const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";

pub const PUBLIC_KEY: usize = 48;
pub const SIGNATURE: usize = 96;

/// Decompressed and checked keys: few keys sign nearly everything.
const CACHED_KEYS: usize = 1024;

thread_local! {
    static KEYS: RefCell<HashMap<[u8; PUBLIC_KEY], PublicKey>> = RefCell::new(HashMap::new());
}

/// The key as a point of the subgroup, not at infinity; None for anything else.
pub(crate) fn key(bytes: &[u8]) -> Option<PublicKey> {
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
pub(crate) fn signature(bytes: &[u8]) -> Option<Signature> {
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

/// The signature of a message by a private key in big-endian form; None when that is none.
pub fn sign(private_key: &[u8], message: &[u8]) -> Option<[u8; SIGNATURE]> {
    let key = SecretKey::from_bytes(private_key).ok()?;
    Some(key.sign(message, DOMAIN, &[]).compress())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) struct Signed {
        pub signature: [u8; SIGNATURE],
        pub key: [u8; PUBLIC_KEY],
        pub message: Vec<u8>,
    }

    pub(crate) fn signed(seed: u8) -> Signed {
        let secret = SecretKey::key_gen(&[seed; 32], &[]).unwrap();
        let message = vec![seed; seed as usize];
        Signed {
            signature: secret.sign(&message, DOMAIN, &[]).compress(),
            key: secret.sk_to_pk().compress(),
            message,
        }
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
}
