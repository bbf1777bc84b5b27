//! The public seed of the development keys.
//!
//! Every secret of a devnet key follows from its circuit's name, so every machine makes the same keys and
//! anyone can forge proofs for them. That is what a development network wants and no other may accept.

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

/// The random stream of one circuit: ChaCha20 seeded with SHA-256 of the circuit id.
pub fn rng_of(circuit_id: &str) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(Sha256::digest(circuit_id.as_bytes()).into())
}
