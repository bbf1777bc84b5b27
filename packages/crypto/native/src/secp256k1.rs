//! Recovery of secp256k1 public keys from signatures.

use std::sync::LazyLock;

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, Secp256k1, VerifyOnly};

pub const SIGNATURE: usize = 65;
pub const DIGEST: usize = 32;
pub const PUBLIC_KEY: usize = 65;

static CURVE: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// The uncompressed key that made r || s || v over the digest; None for malformed input. High s is accepted.
pub fn recover(signature: &[u8], digest: &[u8]) -> Option<[u8; PUBLIC_KEY]> {
    let signature: &[u8; SIGNATURE] = signature.try_into().ok()?;
    let digest: [u8; DIGEST] = digest.try_into().ok()?;
    let recovery = RecoveryId::try_from(i32::from(signature[64])).ok()?;
    let parsed = RecoverableSignature::from_compact(&signature[..64], recovery).ok()?;
    let key = CURVE.recover_ecdsa(&Message::from_digest(digest), &parsed).ok()?;
    Some(key.serialize_uncompressed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secp256k1::SecretKey;

    #[test]
    fn recovers_the_signer_only() {
        let full = Secp256k1::new();
        let secret = SecretKey::from_slice(&[7; 32]).unwrap();
        let digest = [9; DIGEST];
        let (recovery, compact) = full
            .sign_ecdsa_recoverable(&Message::from_digest(digest), &secret)
            .serialize_compact();
        let mut signature = [0; SIGNATURE];
        signature[..64].copy_from_slice(&compact);
        signature[64] = i32::from(recovery) as u8;
        let own = secret.public_key(&full).serialize_uncompressed();
        assert_eq!(recover(&signature, &digest), Some(own));
        assert_ne!(recover(&signature, &[8; DIGEST]), Some(own));
        signature[64] ^= 1;
        assert_ne!(recover(&signature, &digest), Some(own));
        signature[64] = 4;
        assert_eq!(recover(&signature, &digest), None);
        assert_eq!(recover(&[0; SIGNATURE], &digest), None);
        assert_eq!(recover(&[0xff; SIGNATURE], &digest), None);
        assert_eq!(recover(&signature[1..], &digest), None);
    }
}
