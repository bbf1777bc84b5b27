//! What JavaScript sees.

use napi::bindgen_prelude::{Uint8Array, Uint8ArraySlice};
use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::bls::{self, Claim, FACTOR, PUBLIC_KEY, SIGNATURE};
use crate::pair_hash::{self, PAIR};
use crate::tree;

fn invalid(reason: &str) -> Error {
    Error::new(Status::InvalidArg, reason)
}

/// One level of a commitment tree, into `output`, half as long as `input`. The two must not overlap.
#[napi]
pub fn hash_pairs_into(input: Uint8ArraySlice, mut output: Uint8ArraySlice) -> Result<()> {
    if !input.len().is_multiple_of(PAIR) || output.len() * 2 != input.len() {
        return Err(invalid("the output is not half of whole pairs"));
    }
    // SAFETY: nothing else runs on this thread meanwhile, and the caller's arrays do not overlap.
    pair_hash::hash_pairs(&input, unsafe { output.as_mut() });
    Ok(())
}

/// The root of the commitment tree over payload of 127 bytes times a power of two.
#[napi]
pub fn fr32_tree_root(payload: Uint8ArraySlice) -> Result<Uint8Array> {
    match tree::fr32_tree_root(&payload) {
        Some(root) => Ok(Uint8Array::from(root.to_vec())),
        None => Err(invalid("the payload is not 127 bytes times a power of two")),
    }
}

/// Whether a BLS signature verifies. False for malformed input.
#[napi]
pub fn verify_bls(signature: Uint8ArraySlice, public_key: Uint8ArraySlice, message: Uint8ArraySlice) -> bool {
    bls::verify(&signature, &public_key, &message)
}

/// Whether every signature verifies. Signatures (96 bytes each), public keys (48) and random factors (16)
/// are concatenated. False for malformed input.
#[napi]
pub fn verify_bls_batch(
    signatures: Uint8ArraySlice,
    public_keys: Uint8ArraySlice,
    messages: Vec<Uint8Array>,
    factors: Uint8ArraySlice,
) -> bool {
    let count = messages.len();
    if signatures.len() != count * SIGNATURE
        || public_keys.len() != count * PUBLIC_KEY
        || factors.len() != count * FACTOR
    {
        return false;
    }
    bls::verify_batch(messages.iter().enumerate().map(|(at, message)| Claim {
        signature: &signatures[at * SIGNATURE..][..SIGNATURE],
        key: &public_keys[at * PUBLIC_KEY..][..PUBLIC_KEY],
        message,
        factor: &factors[at * FACTOR..][..FACTOR],
    }))
}
