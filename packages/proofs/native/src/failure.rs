//! What can go wrong, by code. The TypeScript side maps each code to a remedy.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// The stable name of a failure. `src/proof-error.ts` lists the same names with their remedies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request itself makes no sense: sizes, alignment, counts.
    InvalidInput,
    /// A file or directory that the step needs is not there.
    FileMissing,
    /// A file is there but does not have the length that its role fixes.
    FileLength,
    /// Data, pieces and commitments contradict one another.
    CommitmentMismatch,
    /// The vanilla proofs do not verify: no SNARK is made from them.
    ProofRefused,
    /// This sector's files cannot answer the challenge: declare it faulty.
    SectorFaulty,
    /// The `.params` or `.vk` file of the circuit is not in the key set's directory.
    ParametersMissing,
    /// The loaded verifying key is not the one that follows from the seed.
    KeyMismatch,
    /// No space left on the device.
    DiskFull,
    /// The library returned an error that has no code of its own here.
    NativeFailed,
    /// The library panicked.
    NativePanic,
}

impl Code {
    pub fn name(self) -> &'static str {
        match self {
            Code::InvalidInput => "INVALID_INPUT",
            Code::FileMissing => "FILE_MISSING",
            Code::FileLength => "FILE_LENGTH",
            Code::CommitmentMismatch => "COMMITMENT_MISMATCH",
            Code::ProofRefused => "PROOF_REFUSED",
            Code::SectorFaulty => "SECTOR_FAULTY",
            Code::ParametersMissing => "PARAMETERS_MISSING",
            Code::KeyMismatch => "KEY_MISMATCH",
            Code::DiskFull => "DISK_FULL",
            Code::NativeFailed => "NATIVE_FAILED",
            Code::NativePanic => "NATIVE_PANIC",
        }
    }
}

/// An error with its code. Printed as `CODE: message`, which is how it crosses into JavaScript.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    pub message: String,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Failure {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Failure {}

/// Shorthand for `Err(Failure)` as an [`anyhow::Error`].
pub fn fail<T>(code: Code, message: impl Into<String>) -> anyhow::Result<T> {
    Err(Failure::new(code, message).into())
}

/// Finds the failure inside an error chain, or names the chain `NativeFailed`.
fn classify(error: anyhow::Error) -> Failure {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return Failure::new(failure.code, failure.message.clone());
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            if io.kind() == io::ErrorKind::StorageFull {
                return Failure::new(Code::DiskFull, format!("{error:#}"));
            }
        }
    }
    Failure::new(Code::NativeFailed, format!("{error:#}"))
}

fn panic_text(payload: Box<dyn Any + Send>) -> String {
    if let Some(text) = payload.downcast_ref::<String>() {
        return text.clone();
    }
    payload
        .downcast_ref::<&str>()
        .map_or_else(|| "panic without a message".into(), |text| (*text).into())
}

/// Runs library code so that neither an error nor a panic gets past.
///
/// The library panics on corrupt or truncated sector files; unguarded, that aborts Node.
pub fn guard<T>(body: impl FnOnce() -> anyhow::Result<T>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result.map_err(classify),
        Err(payload) => Err(Failure::new(Code::NativePanic, panic_text(payload))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_panic_becomes_a_failure() {
        let failure = guard::<()>(|| panic!("boom {}", 1)).unwrap_err();
        assert_eq!(failure.to_string(), "NATIVE_PANIC: boom 1");
    }

    #[test]
    fn a_failure_keeps_its_code_below_context() {
        let failure = guard(|| fail::<()>(Code::FileLength, "short").context("while sealing")).unwrap_err();
        assert_eq!(failure.code, Code::FileLength);
    }
}
