//! What JavaScript sees. Every entry catches panics: a fault of this library becomes an error of the call.

use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::{BigInt, Object, Uint8Array, Uint8ArraySlice};
use napi::{Env, Error, JsDeferred, Result, Status};
use napi_derive::napi;

use crate::bls::{self, PUBLIC_KEY, SIGNATURE};
use crate::bls_batch::{self, Claim, FACTOR};
use crate::comm_p::{CommPStream, Failure};
use crate::pair_hash::{self, PAIR};
use crate::pool::{cores, held, submit};
use crate::{fr32, secp256k1, tree};

fn invalid(reason: &str) -> Error {
    Error::new(Status::InvalidArg, reason)
}

fn broken() -> Error {
    Error::new(Status::GenericFailure, "the crypto addon failed; this is a bug")
}

/// A promise that any thread may settle, with a value that is made on the thread of the event loop.
type Later<T> = JsDeferred<T, Box<dyn FnOnce(Env) -> Result<T>>>;

fn settle<T: napi::bindgen_prelude::ToNapiValue + 'static>(later: Later<T>, value: Result<T>) {
    match value {
        Ok(value) => later.resolve(Box::new(move |_| Ok(value))),
        Err(error) => later.reject(error),
    }
}

/// One level of a commitment tree, into `output`, half as long as `input`. The two must not overlap.
#[napi(catch_unwind)]
pub fn hash_pairs_into(input: Uint8ArraySlice, mut output: Uint8ArraySlice) -> Result<()> {
    if !input.len().is_multiple_of(PAIR) || output.len() * 2 != input.len() {
        return Err(invalid("the output is not half of whole pairs"));
    }
    // SAFETY: nothing else runs on this thread meanwhile, and the caller's arrays do not overlap.
    pair_hash::hash_pairs(&input, unsafe { output.as_mut() });
    Ok(())
}

/// The root of the commitment tree over payload of 127 bytes times a power of two.
#[napi(catch_unwind)]
pub fn fr32_tree_root(payload: Uint8ArraySlice) -> Result<Uint8Array> {
    match tree::fr32_tree_root(&payload) {
        Some(root) => Ok(Uint8Array::from(root.to_vec())),
        None => Err(invalid("the payload is not 127 bytes times a power of two")),
    }
}

/// Expands whole groups of 127 bytes into `expanded`. The two must not overlap.
#[napi(catch_unwind)]
pub fn fr32_pad_into(payload: Uint8ArraySlice, mut expanded: Uint8ArraySlice) -> Result<()> {
    if !payload.len().is_multiple_of(fr32::GROUP)
        || expanded.len() != payload.len() / fr32::GROUP * fr32::EXPANDED
    {
        return Err(invalid("the output is not 128/127 of whole groups"));
    }
    // SAFETY: as for hash_pairs_into.
    fr32::expand(&payload, unsafe { expanded.as_mut() });
    Ok(())
}

/// Takes the payload out of whole groups of 128 bytes. The two must not overlap.
#[napi(catch_unwind)]
pub fn fr32_unpad_into(expanded: Uint8ArraySlice, mut payload: Uint8ArraySlice) -> Result<()> {
    if !expanded.len().is_multiple_of(fr32::EXPANDED)
        || payload.len() != expanded.len() / fr32::EXPANDED * fr32::GROUP
    {
        return Err(invalid("the output is not 127/128 of whole groups"));
    }
    // SAFETY: as for hash_pairs_into.
    fr32::contract(&expanded, unsafe { payload.as_mut() });
    Ok(())
}

/// commP under way: see `CommPKernel` in kernels.ts.
#[napi]
pub struct CommPHandle {
    stream: Option<CommPStream>,
}

/// A commitment and its piece's padded size in bytes.
#[napi(object)]
pub struct CommPEnd {
    pub root: Uint8Array,
    pub padded_size: BigInt,
}

/// Begins a payload whose hashing takes up to `threads` threads; 0 means all cores.
#[napi(catch_unwind)]
pub fn open_comm_p(threads: u32) -> CommPHandle {
    let threads = if threads == 0 { cores() } else { threads as usize };
    CommPHandle {
        stream: Some(CommPStream::new(threads.min(cores()))),
    }
}

#[napi]
impl CommPHandle {
    /// Takes bytes from the front of `chunk`, says how many; `room` tells when it takes more.
    #[napi(catch_unwind)]
    pub fn write(&mut self, chunk: Uint8ArraySlice) -> Result<u32> {
        let stream = self.stream.as_mut().ok_or_else(|| invalid("already finished"))?;
        // The event loop gets its turn at least every so many bytes.
        let most = chunk.len().min(16 << 20);
        Ok(stream.write(&chunk[..most]) as u32)
    }

    #[napi(catch_unwind)]
    pub fn room<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let stream = self.stream.as_ref().ok_or_else(|| invalid("already finished"))?;
        let (later, promise): (Later<()>, _) = env.create_deferred()?;
        stream.when_room(move || settle(later, Ok(())));
        Ok(promise)
    }

    #[napi(catch_unwind)]
    pub fn finish<'env>(&mut self, env: &'env Env) -> Result<Object<'env>> {
        let stream = self.stream.take().ok_or_else(|| invalid("already finished"))?;
        let (later, promise): (Later<CommPEnd>, _) = env.create_deferred()?;
        stream.finish(move |ended| {
            let value = match ended {
                Ok(commitment) => Ok(CommPEnd {
                    root: Uint8Array::from(commitment.root.to_vec()),
                    padded_size: BigInt::from(32u64 << commitment.level),
                }),
                Err(Failure::Empty) => Err(invalid("nothing was written")),
                Err(Failure::Broken) => Err(broken()),
            };
            settle(later, value);
        });
        Ok(promise)
    }
}

/// Whether a BLS signature verifies. False for malformed input.
#[napi(catch_unwind)]
pub fn verify_bls(
    signature: Uint8ArraySlice,
    public_key: Uint8ArraySlice,
    message: Uint8ArraySlice,
) -> Result<bool> {
    Ok(bls::verify(&signature, &public_key, &message))
}

/// The BLS signature (96 bytes) of a message by a private key of 32 big-endian bytes.
#[napi(catch_unwind)]
pub fn sign_bls(private_key: Uint8ArraySlice, message: Uint8ArraySlice) -> Result<Uint8Array> {
    match bls::sign(&private_key, &message) {
        Some(signature) => Ok(Uint8Array::from(signature.to_vec())),
        None => Err(invalid("not a BLS private key")),
    }
}

/// The uncompressed key (65 bytes) that made r || s || v over a digest; empty for malformed input.
#[napi(catch_unwind, js_name = "recoverSecp256k1")]
pub fn recover_secp256k1(signature: Uint8ArraySlice, digest: Uint8ArraySlice) -> Result<Uint8Array> {
    let key = secp256k1::recover(&signature, &digest).map(|key| key.to_vec());
    Ok(Uint8Array::from(key.unwrap_or_default()))
}

fn claims<'a>(
    signatures: &'a [u8],
    public_keys: &'a [u8],
    messages: &'a [impl AsRef<[u8]>],
    factors: &'a [u8],
) -> Option<Vec<Claim<'a>>> {
    let count = messages.len();
    let fits = signatures.len() == count * SIGNATURE
        && public_keys.len() == count * PUBLIC_KEY
        && factors.len() == count * FACTOR;
    fits.then(|| {
        messages
            .iter()
            .enumerate()
            .map(|(at, message)| Claim {
                signature: &signatures[at * SIGNATURE..][..SIGNATURE],
                key: &public_keys[at * PUBLIC_KEY..][..PUBLIC_KEY],
                message: message.as_ref(),
                factor: &factors[at * FACTOR..][..FACTOR],
            })
            .collect()
    })
}

/// Whether every signature verifies. Signatures (96 bytes each), public keys (48) and random factors (8)
/// are concatenated. False for malformed input.
#[napi(catch_unwind)]
pub fn verify_bls_batch(
    signatures: Uint8ArraySlice,
    public_keys: Uint8ArraySlice,
    messages: Vec<Uint8Array>,
    factors: Uint8ArraySlice,
) -> Result<bool> {
    Ok(claims(&signatures, &public_keys, &messages, &factors)
        .is_some_and(|claims| bls_batch::verify_batch(&claims)))
}

/// Signatures judged in one go by one thread; more are shared out.
const SHARE: usize = 64;

struct Shares {
    verdicts: Vec<u8>,
    missing: usize,
    later: Option<Later<Uint8Array>>,
}

/// As [`verify_bls_batch`], for each: a promise of one byte per signature, 1 where it verifies. Computed beside the
/// event loop, on all cores when there are many.
#[napi(catch_unwind)]
pub fn verify_bls_each<'env>(
    env: &'env Env,
    signatures: Uint8ArraySlice,
    public_keys: Uint8ArraySlice,
    messages: Vec<Uint8Array>,
    factors: Uint8ArraySlice,
) -> Result<Object<'env>> {
    let count = messages.len();
    let Some(claims) = claims(&signatures, &public_keys, &messages, &factors) else {
        return Err(invalid("signatures, keys, messages and factors differ in number"));
    };
    let (later, promise): (Later<Uint8Array>, _) = env.create_deferred()?;
    if count == 0 {
        settle(later, Ok(Uint8Array::from(Vec::new())));
        return Ok(promise);
    }
    let shares = Arc::new(Mutex::new(Shares {
        verdicts: vec![0; count],
        missing: count.div_ceil(SHARE),
        later: Some(later),
    }));
    for (share, part) in claims.chunks(SHARE).enumerate() {
        // The caller's bytes are its own again when this returns.
        let own: Vec<[Vec<u8>; 4]> = part
            .iter()
            .map(|one| [one.signature, one.key, one.message, one.factor].map(<[u8]>::to_vec))
            .collect();
        let shares = Arc::clone(&shares);
        submit(move || {
            let judged = std::panic::catch_unwind(|| {
                let claims: Vec<Claim> = own
                    .iter()
                    .map(|[signature, key, message, factor]| Claim {
                        signature,
                        key,
                        message,
                        factor,
                    })
                    .collect();
                bls_batch::verify_each(&claims)
            });
            let mut state = held(&shares);
            state.missing -= 1;
            match judged {
                Ok(verdicts) => {
                    for (to, good) in state.verdicts[share * SHARE..].iter_mut().zip(verdicts) {
                        *to = u8::from(good);
                    }
                }
                Err(_) => {
                    if let Some(later) = state.later.take() {
                        later.reject(broken());
                    }
                }
            }
            if state.missing == 0 {
                if let Some(later) = state.later.take() {
                    settle(later, Ok(Uint8Array::from(std::mem::take(&mut state.verdicts))));
                }
            }
        });
    }
    Ok(promise)
}
