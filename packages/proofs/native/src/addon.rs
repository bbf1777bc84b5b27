//! What JavaScript sees.

use napi::bindgen_prelude::{AsyncTask, Buffer};
use napi::{Env, Error, Status, Task};
use napi_derive::napi;
use serde::de::DeserializeOwned;

use crate::failure::{guard, Failure};
use crate::process;
use crate::progress::Progress;
use crate::task;
use crate::verify::{
    verify_aggregate_seals, verify_seal, verify_update, verify_window_post, SealClaim, UpdateClaim,
    WindowPostClaim,
};

fn to_js(failure: Failure) -> Error {
    Error::new(Status::GenericFailure, failure.to_string())
}

/// Kills this process when its parent dies. False: the parent was already gone.
#[napi]
pub fn die_with_parent(expected_parent: u32) -> napi::Result<bool> {
    process::die_with_parent(expected_parent)
        .map_err(|error| Error::new(Status::GenericFailure, error.to_string()))
}

/// Runs one task and blocks until it is done: for a child process that does nothing else. Request and
/// answer are JSON; progress goes to the descriptor as JSON lines. Errors read `CODE: message`.
#[napi]
pub fn run_task(request: String, progress_descriptor: i32) -> napi::Result<String> {
    let progress = Progress::to_descriptor(progress_descriptor);
    guard(|| Ok(task::run(&request, &progress)?.to_string())).map_err(to_js)
}

type Check = Box<dyn FnOnce() -> anyhow::Result<bool> + Send>;

/// A verification on a worker thread, so that the event loop goes on.
pub struct Verification(Option<Check>);

impl Task for Verification {
    type Output = bool;
    type JsValue = bool;

    fn compute(&mut self) -> napi::Result<bool> {
        match self.0.take() {
            Some(check) => guard(check).map_err(to_js),
            None => Err(Error::new(
                Status::GenericFailure,
                "NATIVE_FAILED: verified twice",
            )),
        }
    }

    fn resolve(&mut self, _env: Env, valid: bool) -> napi::Result<bool> {
        Ok(valid)
    }
}

/// Verifies a claim of one kind, given as JSON.
fn verification<C: DeserializeOwned + 'static>(
    claim: String,
    proof: Buffer,
    verify: fn(&C, &[u8]) -> anyhow::Result<bool>,
) -> AsyncTask<Verification> {
    let proof = proof.to_vec();
    AsyncTask::new(Verification(Some(Box::new(move || {
        verify(&serde_json::from_str(&claim)?, &proof)
    }))))
}

/// Verifies a PoRep. `claim` is the JSON of a [`SealClaim`].
#[napi(js_name = "verifySeal")]
pub fn verify_seal_js(claim: String, proof: Buffer) -> AsyncTask<Verification> {
    verification::<SealClaim>(claim, proof, verify_seal)
}

/// Verifies one proof of many PoReps. `claims` is the JSON of a list of [`SealClaim`].
#[napi(js_name = "verifyAggregateSeals")]
pub fn verify_aggregate_seals_js(claims: String, proof: Buffer) -> AsyncTask<Verification> {
    verification::<Vec<SealClaim>>(claims, proof, |claims, proof| {
        verify_aggregate_seals(claims, proof)
    })
}

/// Verifies a replica update. `claim` is the JSON of an [`UpdateClaim`].
#[napi(js_name = "verifyUpdate")]
pub fn verify_update_js(claim: String, proof: Buffer) -> AsyncTask<Verification> {
    verification::<UpdateClaim>(claim, proof, verify_update)
}

/// Verifies a WindowPoSt. `claim` is the JSON of a [`WindowPostClaim`].
#[napi(js_name = "verifyWindowPost")]
pub fn verify_window_post_js(claim: String, proof: Buffer) -> AsyncTask<Verification> {
    verification::<WindowPostClaim>(claim, proof, verify_window_post)
}
