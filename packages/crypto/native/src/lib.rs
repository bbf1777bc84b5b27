//! The heavy kernels of Sealane's `crypto` package. Each gives bit for bit what the package's JavaScript
//! gives; the package decides when to use which.

pub mod bls;
pub mod bls_batch;
pub mod comm_p;
pub mod fr32;
pub mod pair_hash;
pub mod pool;
pub mod secp256k1;
pub mod tree;

// The tests are plain programs: nothing of Node is there to export to.
#[cfg(not(test))]
mod addon;
#[cfg(target_arch = "x86_64")]
mod pair_hash_sha_ni;
