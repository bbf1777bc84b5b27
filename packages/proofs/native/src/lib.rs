//! Filecoin proofs for Sealane: the native half of `@sealane/proofs`.
//!
//! A child process runs exactly one [`task::Task`] through [`addon::run_task`]; verification runs in
//! process. Everything here is CPU only. The parameters and the trapdoor prover are for development
//! networks: their secrets follow from the circuit's name, see [`seed`].

pub mod add_pieces;
pub mod addon;
pub mod circuits;
pub mod failure;
pub mod files;
pub mod groth16_setup;
pub mod parameters;
pub mod parents;
pub mod permit;
pub mod process;
pub mod progress;
pub mod proof_types;
pub mod seal;
pub mod seed;
pub mod task;
pub mod trapdoor;
pub mod unseal;
pub mod verify;
pub mod window_post;
pub mod wire;
